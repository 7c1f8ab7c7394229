//! Devices of one firmware, without the operating system's randomness: each is a process that runs this test again.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;
use std::{env, iter};

use schmoozer_backoff::{Constant, Jitter, stir};

const SERIAL_NUMBER: &str = "SERIAL_NUMBER";

/// What a device draws that stirs in its serial number, if it has one.
fn delays_of(serial_number: Option<u64>) -> String {
    let this = "each_device_draws_delays_of_its_own_if_it_stirs_in_its_serial_number";
    let text = serial_number.map_or(String::new(), |number| number.to_string());
    let device = Command::new(env::current_exe().expect("the path of this test"))
        .args(["--exact", this, "--nocapture"])
        .env(SERIAL_NUMBER, text)
        .output()
        .expect("a device");
    let said = String::from_utf8_lossy(&device.stdout);
    let (_, delays) = said.split_once("delays ").expect("the device's delays");
    delays.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn each_device_draws_delays_of_its_own_if_it_stirs_in_its_serial_number() {
    if let Ok(serial_number) = env::var(SERIAL_NUMBER) {
        if let Ok(number) = serial_number.parse() {
            stir(number);
        }
        let policy = Constant::new(Duration::from_secs(1)).jitter(Jitter::Full);
        let sequences = iter::repeat_n(policy, 4).map(|policy| policy.into_iter().next());
        println!("delays {:?}", sequences.collect::<Vec<_>>());
        return;
    }
    // Serial numbers that follow each other, and some that differ only in what a 32-bit word has no room for.
    let numbers = (1..=40).chain((1..=10).map(|number| number << 32));
    let fleet: BTreeSet<String> = numbers.map(|number| delays_of(Some(number))).collect();
    assert_eq!(fleet.len(), 50);
    // Without it all draw alike: this is what there is to stir in for.
    assert_eq!(delays_of(None), delays_of(None));
    assert!(!fleet.contains(&delays_of(None)));
}
