//! Many tenants, few of which are told.

use std::collections::HashMap;

use super::*;
use crate::metrics::tenants::WATCHED_PER_TOLD;

const TENANTS: usize = 100_000;
const EVENTS: usize = 500_000;
/// Of the law by which a few do most (Zipf).
const EXPONENT: f64 = 1.1;
/// Who has to be right, and how right.
const BUSIEST: usize = 10;
const MOST_WRONG: f64 = 0.01;

/// Every tenant once, and the rest by Zipf's law, in any order.
fn crowd(seed: u64) -> Vec<usize> {
    let weights: Vec<_> = (1..=TENANTS)
        .map(|rank| (rank as f64).powf(-EXPONENT))
        .collect();
    let more = (EVENTS - TENANTS) as f64 / weights.iter().sum::<f64>();
    let events = weights.iter().enumerate();
    let events = events
        .flat_map(|(rank, weight)| std::iter::repeat_n(rank, 1 + (weight * more).round() as usize));
    let mut events: Vec<_> = events.collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut events);
    events
}

/// What is told of `api_calls_total`, by tenant.
fn told(registry: &Registry) -> HashMap<String, u64> {
    let text = render(registry, Format::Text);
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("api_calls_total{"));
    let told = lines.map(|line| {
        let (labels, value) = line.rsplit_once("} ").unwrap();
        let (_, tenant) = labels.split_once("tenant_id=\"").unwrap();
        let tenant = tenant.trim_end_matches('"').to_owned();
        (tenant, value.parse().unwrap())
    });
    told.collect()
}

fn assert_right(told: &HashMap<String, u64>, so_far: &[usize]) {
    let mut truth = vec![0_u64; TENANTS];
    so_far.iter().for_each(|rank| truth[*rank] += 1);
    for (rank, truth) in truth.iter().enumerate().take(BUSIEST) {
        if *truth == 0 {
            continue;
        }
        let told = told.get(&rank.to_string()).copied();
        let wrong = told.map(|told| told.abs_diff(*truth) as f64 / *truth as f64);
        assert!(
            wrong.is_some_and(|wrong| wrong <= MOST_WRONG),
            "{rank}: {told:?} of {truth}, after {} events",
            so_far.len()
        );
    }
}

#[test]
fn of_a_hundred_thousand_tenants_the_busiest_ten_are_right_from_the_first_event_on() {
    let registry = Arc::new(Registry::new(BUDGET));
    let events = crowd(7);
    let mut before = HashMap::new();
    with_local_recorder(&Recording(Arc::clone(&registry)), || {
        for (at, rank) in events.iter().enumerate() {
            counter!("api_calls_total", "tenant_id" => rank.to_string(), "endpoint" => "place")
                .increment(1);
            if [1_000, 5_000, 20_000, 100_000, events.len()].contains(&(at + 1)) {
                let told = told(&registry);
                assert_right(&told, &events[..=at]);
                assert!(told.len() <= BUDGET.tenants + 1, "{}", told.len());
                for (tenant, value) in &before {
                    let now = told.get(tenant);
                    assert!(now.is_none_or(|now| now >= value), "{tenant} has fallen");
                }
                before = told;
            }
        }
    });
}

#[test]
fn who_looks_for_the_first_time_sees_every_event_once() {
    let registry = Arc::new(Registry::new(BUDGET));
    let events = &crowd(8)[..50_000];
    with_local_recorder(&Recording(Arc::clone(&registry)), || {
        for rank in events {
            counter!("api_calls_total", "tenant_id" => rank.to_string()).increment(1);
        }
    });
    let told = told(&registry);
    assert_eq!(told.values().sum::<u64>(), events.len() as u64);
    assert_eq!(told.len(), BUDGET.tenants + 1);
}

fn sold(tenant: &str) -> metrics::Counter {
    money("revenue_total_usd", &[("tenant_id", tenant.to_owned())])
}

/// With one tenant that is told.
fn of_one(work: impl FnOnce(&Registry)) {
    let registry = Arc::new(Registry::new(Budget {
        series: 1000,
        tenants: 1,
    }));
    with_local_recorder(&Recording(Arc::clone(&registry)), || work(&registry));
}

#[test]
fn a_tenant_that_gets_busy_is_told_with_all_it_ever_did_and_no_series_falls() {
    of_one(|registry| {
        let first = sold("first");
        first.increment(100);
        sold("grows").increment(1);
        let revenue = [
            "revenue_total_usd{tenant_id=\"first\"} 1.00",
            "revenue_total_usd{tenant_id=\"_other\"} 0.01",
        ];
        assert_eq!(samples(&render(registry, Format::Text)), revenue);
        for _ in 0..20 {
            sold("grows").increment(1);
        }
        first.increment(1000);
        // What the others were told to have done stays with them; what the first did while it was told does not come to it.
        let revenue = [
            "revenue_total_usd{tenant_id=\"grows\"} 0.21",
            "revenue_total_usd{tenant_id=\"_other\"} 10.01",
        ];
        assert_eq!(samples(&render(registry, Format::Text)), revenue);
    });
}

#[test]
fn gauges_and_histograms_of_the_others_are_theirs_together() {
    of_one(|registry| {
        for (tenant, carts) in [("busy", 5.0), ("b", 2.0), ("c", 1.0)] {
            let waiting = gauge!("carts", "tenant_id" => tenant);
            waiting.set(carts);
            let weight = histogram!("weight_grams", "tenant_id" => tenant);
            weight.record(carts);
            if tenant == "busy" {
                waiting.increment(1.0);
            }
        }
        for _ in 0..2 {
            let text = render(registry, Format::Text);
            for line in [
                "carts{tenant_id=\"busy\"} 6",
                "carts{tenant_id=\"_other\"} 3",
                "weight_grams_sum{tenant_id=\"busy\"} 5",
                "weight_grams_sum{tenant_id=\"_other\"} 3",
                "weight_grams_count{tenant_id=\"_other\"} 2",
                "weight_grams_bucket{tenant_id=\"_other\",le=\"1\"} 1",
            ] {
                assert!(
                    text.lines().any(|found| found == line),
                    "no {line} in {text}"
                );
            }
        }
    });
}

#[test]
fn what_is_recorded_while_tenants_lose_their_place_is_not_lost() {
    const THREADS: u64 = 4;
    const EACH: u64 = 20_000;
    let registry = Arc::new(Registry::new(Budget {
        series: 1000,
        tenants: 1,
    }));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let registry = Arc::clone(&registry);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(thread);
                with_local_recorder(&Recording(registry), || {
                    for event in 0..EACH {
                        // Who is busy changes all the time: places change hands.
                        let busy = event / 500 * 3 + random.u64(..12);
                        sold(&busy.to_string()).increment(1);
                    }
                });
            });
        }
    });
    let text = render(&registry, Format::Text);
    let cents = samples(&text).into_iter().map(|line| {
        let (_, value) = line.rsplit_once(' ').unwrap();
        value.replace('.', "").parse::<u64>().unwrap()
    });
    assert_eq!(cents.sum::<u64>(), THREADS * EACH);
}

#[test]
fn tenants_past_the_budget_of_a_metric_are_the_others() {
    let budget = Budget {
        series: 3,
        tenants: 2,
    };
    let text = recorded_within(budget, Format::Text, || {
        for tenant in ["a", "b", "c"] {
            for endpoint in ["x", "y"] {
                counter!("calls_total", "tenant_id" => tenant, "endpoint" => endpoint).increment(1);
            }
        }
    });
    let told = samples(&text)
        .into_iter()
        .filter(|line| !line.contains("_other"));
    assert_eq!(told.count(), budget.series, "{text}");
    let values = samples(&text)
        .into_iter()
        .filter_map(|line| line.rsplit(' ').next());
    assert_eq!(
        values
            .map(|value| value.parse::<u64>().unwrap())
            .sum::<u64>(),
        6
    );
    assert_eq!(WATCHED_PER_TOLD, 8);
}
