//! What the process and its machine have left.

use crate::dashboards::model::{Board, Choice, Row, Unit, graph, row};

pub(super) fn board() -> Board {
    Board {
        name: "resources",
        title: "Resources",
        about: "Processor, memory, disks, networks, descriptors and the runtime; of each replica and of its machine.",
        choices: &[Choice::Instance, Choice::Node],
        rows: vec![process(), runtime(), stores(), machine()],
    }
}

fn process() -> Row {
    row(
        "Process",
        [
            graph("Processor", Unit::Count, "Cores in use.")
                .ask("{{instance}}", "rate(process_cpu_seconds_total{$S}[$W])"),
            graph(
                "Memory",
                Unit::Bytes,
                "Resident: what the machine really gives.",
            )
            .ask("{{instance}}", "process_resident_memory_bytes{$S}"),
            graph(
                "Address space",
                Unit::Bytes,
                "Reserved, used or not: large is no fault.",
            )
            .ask("{{instance}}", "process_virtual_memory_bytes{$S}"),
            graph(
                "File descriptors",
                Unit::Count,
                "Open ones, and how many there may be.",
            )
            .ask("{{instance}}", "process_open_fds{$S}")
            .ask("{{instance}} at most", "process_max_fds{$S}"),
            graph(
                "Disk of the process",
                Unit::BytesPerSecond,
                "What it has read from disks, and written to them.",
            )
            .ask(
                "{{instance}} {{direction}}",
                "rate(process_io_bytes_total{$S}[$W])",
            ),
            graph(
                "Threads",
                Unit::Count,
                "Workers, blocking calls and the admin listener.",
            )
            .ask("{{instance}}", "process_threads{$S}"),
            graph(
                "Age",
                Unit::Seconds,
                "Since the start: what falls has started again.",
            )
            .ask("{{instance}}", "time() - process_start_time_seconds{$S}"),
        ],
    )
}

fn runtime() -> Row {
    row("Runtime", [
        graph("Busy workers", Unit::Ratio, "Share of the time in which workers had something to do.").ask(
            "{{instance}}",
            "sum by (instance) (rate(tokio_workers_busy_seconds_total{$S}[$W])) / sum by (instance) (tokio_workers{$S})",
        ),
        graph("Lag", Unit::Seconds, "p99 of how late a due timer is seen to: what every request waits, too.").ask(
            "{{instance}}",
            "histogram_quantile(0.99, sum by (instance, le) (rate(tokio_scheduler_lag_seconds_bucket{$S}[$W])))",
        ),
        graph("Tasks", Unit::Count, "Spawned, and not ended.").ask("{{instance}}", "tokio_alive_tasks{$S}"),
        graph("Tasks that wait", Unit::Count, "Ready, and taken by no worker yet.").ask("{{instance}}", "tokio_global_queue_depth{$S}"),
        graph("Restarted tasks", Unit::PerSecond, "Background tasks that ended before the process did, by task.")
            .ask("{{task}}", "sum by (task) (rate(task_restarts_total{$S}[$W]))"),
    ])
}

fn stores() -> Row {
    row("Database and Redis", [
        graph("Database connections", Unit::Count, "Of the pools: in use, idle, and how many there may be.")
            .ask("{{state}}", "sum by (state) (db_client_connection_count{$S})")
            .ask("at most", "sum(db_client_connection_max{$S})"),
        graph("Open database connections", Unit::Count, "In use or idle, by replica: what the server sees.")
            .ask("{{instance}}", "active_database_connections{$S}"),
        graph("Redis", Unit::PerSecond, "Commands, by operation.").ask(
            "{{db_operation_name}}",
            "sum by (db_operation_name) (rate(db_client_operation_duration_seconds_count{$S,db_system_name=\"redis\"}[$W]))",
        ),
    ])
}

fn machine() -> Row {
    row("Machine", [
        graph("Processor of the machine", Unit::Ratio, "Share in use, of all cores.").ask(
            "{{instance}}",
            "1 - avg by (instance) (rate(node_cpu_seconds_total{instance=~\"$node\",mode=\"idle\"}[$W]))",
        ),
        graph("Free memory", Unit::Bytes, "Available without swapping.").ask("{{instance}}", "node_memory_MemAvailable_bytes{instance=~\"$node\"}"),
        graph("Disk throughput", Unit::BytesPerSecond, "By device.")
            .ask("{{device}} read", "rate(node_disk_read_bytes_total{instance=~\"$node\"}[$W])")
            .ask("{{device}} write", "rate(node_disk_written_bytes_total{instance=~\"$node\"}[$W])"),
        graph("Busy disks", Unit::Ratio, "Share of the time in which a device had something to do.")
            .ask("{{device}}", "rate(node_disk_io_time_seconds_total{instance=~\"$node\"}[$W])"),
        graph("Free disk", Unit::Ratio, "By mount point.").ask(
            "{{mountpoint}}",
            "node_filesystem_avail_bytes{instance=~\"$node\",fstype!~\"tmpfs|overlay|squashfs\"} \
             / node_filesystem_size_bytes{instance=~\"$node\",fstype!~\"tmpfs|overlay|squashfs\"}",
        ),
        graph("Network", Unit::BytesPerSecond, "By device.")
            .ask("{{device}} in", "rate(node_network_receive_bytes_total{instance=~\"$node\"}[$W])")
            .ask("{{device}} out", "rate(node_network_transmit_bytes_total{instance=~\"$node\"}[$W])"),
    ])
}
