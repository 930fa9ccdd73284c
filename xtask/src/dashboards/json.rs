//! A dashboard as Grafana reads it.

use serde_json::{Value, json};

use super::model::{Board, Choice, Look, Panel, Query};

/// Grafana's grid.
const COLUMNS: u64 = 24;
/// What alerts link to: `<PREFIX><name>`.
pub(super) const PREFIX: &str = "belvedere-";

/// The file, with a line break at its end.
pub(super) fn render(board: &Board) -> String {
    let text = serde_json::to_string_pretty(&dashboard(board)).expect("JSON has texts as keys");
    text + "\n"
}

fn dashboard(board: &Board) -> Value {
    json!({
        "uid": format!("{PREFIX}{}", board.name),
        "title": board.title,
        "description": board.about,
        "tags": ["belvedere"],
        "schemaVersion": 39,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": { "from": "now-1h", "to": "now" },
        "links": [{
            "type": "dashboards", "tags": ["belvedere"], "title": "Dashboards",
            "asDropdown": true, "includeVars": true, "keepTime": true,
        }],
        "templating": { "list": variables(board) },
        "panels": panels(board),
    })
}

fn variables(board: &Board) -> Vec<Value> {
    let source = json!({
        "name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus",
        "current": { "text": "Prometheus", "value": "prometheus" },
    });
    let service = values("service", "Service", "label_values(build_info, service)");
    let chosen = board.choices.iter().map(|choice| variable(*choice));
    [source, service].into_iter().chain(chosen).collect()
}

fn variable(choice: Choice) -> Value {
    let of_service = |name, label, query| many(values(name, label, query));
    match choice {
        Choice::Instance => of_service(
            "instance",
            "Replica",
            "label_values(build_info{service=\"$service\"}, instance)",
        ),
        Choice::Route => of_service(
            "route",
            "Route",
            "label_values(http_requests_total{service=\"$service\"}, path)",
        ),
        Choice::Node => of_service("node", "Machine", "label_values(node_uname_info, instance)"),
        Choice::Trace => json!({
            "name": "trace", "label": "Trace id", "type": "textbox", "query": "",
            "current": { "text": "", "value": "" },
        }),
    }
}

fn values(name: &str, label: &str, query: &str) -> Value {
    json!({
        "name": name, "label": label, "type": "query", "datasource": metrics(),
        "query": { "query": query, "refId": name },
        "refresh": 2, "sort": 1,
    })
}

fn many(mut variable: Value) -> Value {
    variable["multi"] = json!(true);
    variable["includeAll"] = json!(true);
    variable["allValue"] = json!(".*");
    variable["current"] = json!({ "text": "All", "value": "$__all" });
    variable
}

fn metrics() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// From left to right, row by row.
fn panels(board: &Board) -> Vec<Value> {
    let mut found = Vec::new();
    let mut y = 0;
    for row in &board.rows {
        let id = found.len() + 1;
        found.push(json!({
            "id": id, "type": "row", "title": row.title, "collapsed": false, "panels": [],
            "gridPos": { "x": 0, "y": y, "w": COLUMNS, "h": 1 },
        }));
        y += 1;
        let (mut x, mut height) = (0, 0);
        for panel in &row.panels {
            let (w, h) = size(panel.look);
            if x + w > COLUMNS {
                (x, y, height) = (0, y + height, 0);
            }
            let place = json!({ "x": x, "y": y, "w": w, "h": h });
            found.push(panel_json(found.len() + 1, panel, &place));
            (x, height) = (x + w, height.max(h));
        }
        y += height;
    }
    found
}

const fn size(look: Look) -> (u64, u64) {
    match look {
        Look::Graph | Look::Exemplars | Look::Table => (8, 8),
        Look::Number | Look::Today => (4, 4),
        Look::Lines | Look::Traces => (24, 10),
    }
}

fn panel_json(id: usize, panel: &Panel, place: &Value) -> Value {
    let (kind, source) = match panel.look {
        Look::Graph | Look::Exemplars => ("timeseries", metrics()),
        Look::Number | Look::Today => ("stat", metrics()),
        Look::Table => ("table", metrics()),
        Look::Lines => ("logs", json!({ "type": "loki", "uid": "loki" })),
        Look::Traces => ("table", json!({ "type": "jaeger", "uid": "jaeger" })),
    };
    let targets = panel.queries.iter().enumerate();
    let targets: Vec<_> = targets
        .map(|(at, query)| target(at, panel.look, query))
        .collect();
    let mut found = json!({
        "id": id, "type": kind, "title": panel.title, "description": panel.about,
        "datasource": source, "gridPos": place, "targets": targets, "options": options(panel.look),
        "fieldConfig": { "defaults": { "unit": panel.unit.grafana(), "custom": {} }, "overrides": [] },
    });
    if kind == "timeseries" {
        found["fieldConfig"]["defaults"]["custom"] =
            json!({ "fillOpacity": 8, "showPoints": "never" });
    }
    if panel.look == Look::Today {
        found["timeFrom"] = json!("now/d");
    }
    found
}

fn target(at: usize, look: Look, query: &Query) -> Value {
    let id = char::from(b'A' + u8::try_from(at).expect("few queries")).to_string();
    match look {
        Look::Lines => json!({ "refId": id, "expr": query.expression(), "queryType": "range" }),
        Look::Traces => {
            json!({ "refId": id, "queryType": "search", "service": query.text, "limit": 50 })
        }
        look => json!({
            "refId": id,
            "expr": query.expression(),
            "legendFormat": query.legend,
            "instant": matches!(look, Look::Table | Look::Today),
            "range": !matches!(look, Look::Table | Look::Today),
            "format": if look == Look::Table { "table" } else { "time_series" },
            "exemplar": look == Look::Exemplars,
        }),
    }
}

fn options(look: Look) -> Value {
    match look {
        Look::Graph | Look::Exemplars => json!({
            "legend": { "displayMode": "list", "placement": "bottom" },
            "tooltip": { "mode": "multi", "sort": "desc" },
        }),
        Look::Number | Look::Today => json!({
            "reduceOptions": { "calcs": ["lastNotNull"] }, "colorMode": "value", "graphMode": "area",
        }),
        Look::Lines => {
            json!({ "showTime": true, "enableLogDetails": true, "sortOrder": "Descending" })
        }
        Look::Table | Look::Traces => json!({}),
    }
}
