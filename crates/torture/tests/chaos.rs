//! A few seconds of chaos.

use std::time::Duration;

use torture::Chaos;

#[tokio::test]
async fn three_clients_are_back_after_a_storm() {
    let chaos = Chaos {
        duration: Duration::from_secs(3),
        seed: 1,
    };
    let mut storms = 0;
    let verdicts = chaos.run(|_| storms += 1).await.unwrap();
    assert_eq!(storms, 1);
    assert_eq!(verdicts.len(), 9);
    assert!(verdicts.iter().all(|it| it.holds), "{verdicts:#?}");
}
