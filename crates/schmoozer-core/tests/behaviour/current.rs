use std::sync::{Arc, OnceLock, mpsc};

use schmoozer_core::{Current, Stopped, connector_fn};
use tokio::time::sleep;

use crate::script::{checked, ms, secs};

#[tokio::test(start_paused = true)]
async fn a_value_is_seen_while_its_connection_runs_and_no_longer() {
    let (publisher, current) = Current::new();
    let mut number = 0;
    let connector = connector_fn(
        move || {
            number += 1;
            std::future::ready(Ok(number))
        },
        move |number: u32| {
            let publisher = publisher.clone();
            async move {
                let _live = publisher.publish(number);
                sleep(secs(1)).await;
                if number == 2 { Ok(()) } else { Err("lost") }
            }
        },
        [secs(1)],
    );
    assert_eq!(current.get(), None);
    let keeper = tokio::spawn(checked(connector).run());
    assert_eq!(current.ready().await, Ok(1));
    sleep(ms(1_500)).await;
    assert_eq!(current.get(), None);
    assert_eq!(current.ready().await, Ok(2));
    assert_eq!(current.get(), Some(2));
    assert_eq!(keeper.await.unwrap(), Ok(()));
    assert_eq!(current.get(), None);
    assert_eq!(current.ready().await, Err(Stopped));
}

#[tokio::test]
async fn an_older_guard_does_not_withdraw_a_newer_value() {
    let (publisher, current) = Current::new();
    let older = publisher.publish(1);
    let newer = publisher.publish(2);
    drop(older);
    assert_eq!(current.get(), Some(2));
    assert_eq!(*current.watch().borrow(), Some(2));
    drop(newer);
    assert_eq!(current.get(), None);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_learns_of_the_stop() {
    let (publisher, current) = Current::<u8>::new();
    let waiter = tokio::spawn(async move { current.ready().await });
    sleep(secs(1)).await;
    assert!(!waiter.is_finished());
    drop(publisher);
    assert_eq!(waiter.await.unwrap(), Err(Stopped));
}

#[test]
fn a_value_may_look_at_what_is_current_when_it_is_dropped() {
    #[derive(Default)]
    struct Looks(OnceLock<Current<Arc<Looks>>>, Option<mpsc::Sender<bool>>);
    impl Drop for Looks {
        fn drop(&mut self) {
            if let (Some(current), Some(seen)) = (self.0.get(), &self.1) {
                let _ = seen.send(current.get().is_some());
            }
        }
    }
    let (publisher, current) = Current::new();
    let (seen, looked) = mpsc::channel();
    let looks = || {
        let looks = Looks(OnceLock::new(), Some(seen.clone()));
        looks.0.set(current.clone()).unwrap();
        Arc::new(looks)
    };
    let (first, second) = (looks(), looks());
    // On a thread of its own: one that waits for itself fails the test and does not hang it.
    std::thread::spawn(move || {
        let _older = publisher.publish(first);
        let _newer = publisher.publish(second);
    });
    let limit = secs(30);
    assert_eq!(looked.recv_timeout(limit), Ok(true), "replaced by another");
    assert_eq!(looked.recv_timeout(limit), Ok(false), "withdrawn");
}
