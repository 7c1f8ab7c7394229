//! What may be pasted into the wrong place.

/// User information in every form that somebody may paste: `hunter2` is the secret.
const WITH_SECRETS: &[&str] = &[
    "user:hunter2@db:1",
    "hunter2@db:1",
    ":hunter2@db:1",
    "user:hunter2@db",
    "user:hunter2@",
    "@hunter2@db:1",
    "user:hunter2@eve@db:1",
    "user:p@hunter2@db:1",
    "user:hunter2 @db:1",
    " user:hunter2@db:1\n",
    "tcp://user:hunter2@db:1",
    "TCP://user:hunter2@[::1]:1",
    "redis://:hunter2@db:1/0",
    "redis://:hunter2",
    "pa:hunter2://db:1",
    "//user:hunter2@db:1",
    "user:hunter2@[::1]:1",
    "[user:hunter2@::1]:1",
    "[::1%hunter2@db]:1",
    "user%3Ahunter2%40db:1",
    "user%3ahunter2%40db",
    "user%3Ahunter2%40db:http",
    "hunter2%40db:1",
    "hunter2%40db",
    "hunter2%40[::1]:1",
    "hunter2%2540db:1",
    "[fe80::1%hunter2%40db]:1",
    "fe80::1%hunter2%40db:1",
    "hunter2%EF%BC%A0db:1",
    "user:hunter2＠db:1",
    "hunter2＠db:1",
    "hunter2﹫db:1",
    "hunter2\u{200b}@db:1",
    "hunter2\0@db:1",
];

/// Each of these forms, also cut by what separates the parts of a configuration: the secret in one, the sign in another.
pub(crate) fn forms() -> impl Iterator<Item = String> {
    let parted = |form: &str| {
        ["", ",x", ";x", "=x", "/x"].map(|part| form.replace("hunter2", &format!("hunter2{part}")))
    };
    WITH_SECRETS.iter().flat_map(move |form| parted(form))
}
