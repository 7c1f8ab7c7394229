use schmoozer_core::run;

fn main() {
    let _ = run(async || Ok::<_, String>("a connection"));
}
