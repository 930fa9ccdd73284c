use super::*;

/// An event of that tenant; whether it is counted apart.
fn is_watched(tenants: &Tenants, name: &str) -> bool {
    match tenants.admit(name) {
        Verdict::Watched(tenant) | Verdict::Instead(tenant, _) => {
            tenant.events.fetch_add(1, Ordering::Relaxed);
            true
        }
        Verdict::Other => false,
    }
}

fn told(tenants: &Tenants) -> Vec<String> {
    tenants.choose();
    let state = tenants.lock();
    let told = state.watched.values().filter(|tenant| tenant.is_told());
    let mut told: Vec<_> = told.map(|tenant| tenant.name.to_string()).collect();
    told.sort();
    told
}

#[test]
fn a_tenant_that_becomes_busy_is_watched_instead_of_the_least_busy() {
    let tenants = Tenants::new(1);
    for name in 0..WATCHED_PER_TOLD {
        let events = if name == 3 { 1 } else { 40 };
        for _ in 0..events {
            assert!(is_watched(&tenants, &name.to_string()));
        }
    }
    let watched = (0..50).filter(|_| is_watched(&tenants, "grows")).count();
    assert_eq!(watched as u64, 50 - FEWEST + 1);
    assert!(!is_watched(&tenants, "3"));
    assert!(is_watched(&tenants, "0"));
}

#[test]
fn the_busiest_are_told_and_keep_their_place_until_others_are_twice_as_busy() {
    let tenants = Tenants::new(2);
    let events = |name, events| assert!((0..events).all(|_| is_watched(&tenants, name)));
    events("a", 30);
    events("b", 20);
    events("c", 25);
    assert_eq!(told(&tenants), ["a", "c"]);
    events("b", 20);
    assert_eq!(told(&tenants), ["a", "c"], "not twice as busy");
    events("b", 30);
    assert_eq!(told(&tenants), ["a", "b"]);
}

#[test]
fn who_is_told_stays_watched_however_little_it_does() {
    let tenants = Tenants::new(1);
    assert!(is_watched(&tenants, "told"));
    assert_eq!(told(&tenants), ["told"]);
    for round in 0..100 {
        for name in 0..50 {
            is_watched(&tenants, &format!("{name}"));
            assert!(round > 0 || tenants.lock().watched.contains_key("told"));
        }
    }
    assert!(tenants.lock().watched.contains_key("told"));
}

#[test]
fn a_flood_of_invented_names_takes_nobodys_place_and_no_memory() {
    let tenants = Tenants::new(1);
    for name in 0..8 {
        is_watched(&tenants, &name.to_string());
    }
    for name in 0..95_000 {
        assert!(!is_watched(&tenants, &format!("invented-{name}")));
    }
    let state = tenants.lock();
    assert!(state.watched.len() == 8 && state.others.len() <= 8);
}
