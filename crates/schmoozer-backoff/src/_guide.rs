#![doc = include_str!("_guide.md")]
