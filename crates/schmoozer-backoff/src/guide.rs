#![doc = include_str!("which_policy.md")]
