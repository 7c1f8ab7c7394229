//! Whatever is given as a target is taken as it reads, or refused in a short line without its secrets.
//! The fuzz target `target` asks the same of text that nobody thought of.

use proptest::prelude::*;
use schmoozer_tcp::Target;

fn hosts() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,30}",
        "[a-z0-9_.%:\\[\\]-]{0,20}",
        "\\[?[0-9a-f:]{2,12}(%[a-z0-9]{1,5})?\\]?",
        "\\[?fe80::[0-9](%[0-9]{1,4})?\\]?",
        "[0-9]{1,3}(\\.[0-9]{1,3}){1,4}",
        "[a-z0-9-]{1,9}(\\.[a-z0-9-]{1,9}){0,3}\\.?",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_target_is_read_back_as_it_was(host in hosts(), port in "(:[0-9]{1,6}|.{0,4})") {
        let text = host + &port;
        match text.parse::<Target>() {
            Ok(target) => {
                prop_assert_ne!(target.port(), 0);
                prop_assert_eq!(target.to_string().parse(), Ok(target.clone()));
                let parts = Target::try_from((target.host(), target.port()));
                prop_assert_eq!(parts, Ok(target));
            }
            Err(refused) => {
                let message = refused.to_string();
                prop_assert!(message.len() < 500, "{}", message);
                prop_assert!(!message.contains('\n'), "{:?}", message);
            }
        }
    }

    #[test]
    fn a_host_and_a_port_are_taken_as_their_text_is(host in hosts(), port: u16) {
        let parts = Target::try_from((host.as_str(), port));
        // Text needs brackets where parts may do without.
        let text = if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        prop_assert_eq!(parts.ok(), text.parse().ok());
    }

    #[test]
    fn a_secret_is_never_repeated(
        before in "[a-z:/]{0,8}",
        between in "[a-z0-9:.?#]{0,8}",
        after in "[a-z0-9.:/]{0,16}",
    ) {
        let Err(refused) = format!("{before}HUNTER2{between}@{after}").parse::<Target>() else {
            return Err(TestCaseError::fail("credentials are taken"));
        };
        let told = format!("{refused} {refused:?}");
        prop_assert!(!told.contains("HUNTER2"), "{}", told);
    }
}
