use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;

/// A user that a server can run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    /// One who may do less than this process, if it is root's: `preferred` where there is such a user, or
    /// else `nobody`.
    pub(crate) fn less_than_root(preferred: &str) -> io::Result<Option<Self>> {
        if fs::metadata("/proc/self")?.uid() != 0 {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd")?;
        let user = named(&users, preferred).or_else(|| named(&users, "nobody"));
        user.map(Some)
            .ok_or_else(|| io::Error::other(format!("there is no user {preferred}, nor nobody")))
    }
}

/// Looks `name` up in the text of `/etc/passwd`.
fn named(users: &str, name: &str) -> Option<User> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next()? == name;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        found.then_some(User { uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_all_of_its_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104::/:/bin/sh\nbroken\n";
        let postgres = User { uid: 101, gid: 104 };
        assert_eq!(named(users, "postgres"), Some(postgres));
        assert_eq!(named(users, "post"), None);
        assert_eq!(named(users, "broken"), None);
    }
}
