//! What compiles, and what is refused with a reason.

#[test]
fn good_use_compiles_and_bad_use_is_told_what_to_do() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/shapes.rs");
    cases.compile_fail("tests/ui/bad/*.rs");
}
