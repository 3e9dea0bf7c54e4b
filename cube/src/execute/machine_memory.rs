//! How much memory this process can still take: the limits of its container (cgroup v2 or v1) and what the machine has available.
use std::path::{Path, PathBuf};

/// Where the kernel tells about memory: `/` but in tests.
#[derive(Debug, Clone)]
pub(super) struct MachineMemory {
    root: PathBuf,
}

/// A limit and what is free under it, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// The limit itself: of the container, or the memory of the machine.
    pub total: u64,
    /// What is not used, counting file pages that the kernel can drop as free.
    pub free: u64,
}

impl MachineMemory {
    /// This machine.
    pub fn here() -> Self {
        Self::under("/")
    }

    /// A tree of files like those of `/proc` and `/sys/fs/cgroup` under `root`.
    pub fn under(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The tightest of all limits that hold for this process; `None` where nothing can be read.
    pub fn room(&self) -> Option<Room> {
        let groups = self.text("proc/self/cgroup").unwrap_or_default();
        let unified = groups.lines().find_map(|line| line.strip_prefix("0::"));
        let memory = groups.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let (controllers, path) = (parts.next()?, parts.next()?);
            controllers.split(',').any(|name| name == "memory").then_some(path)
        });
        let mut rooms: Vec<Room> = self.machine().into_iter().collect();
        rooms.extend(self.groups("sys/fs/cgroup", unified.unwrap_or("/"), &VERSION_2));
        rooms.extend(self.groups("sys/fs/cgroup/memory", memory.unwrap_or("/"), &VERSION_1));
        rooms.into_iter().min_by_key(|room| room.free)
    }

    /// Bytes of memory that another process has in use; `None` if there is no such process.
    pub fn in_use_by(&self, process: u32) -> Option<u64> {
        let text = self.text(&format!("proc/{process}/status"))?;
        field(&text, "VmRSS:").map(|kib| kib * 1024)
    }

    fn machine(&self) -> Option<Room> {
        let text = self.text("proc/meminfo")?;
        Some(Room { total: field(&text, "MemTotal:")? * 1024, free: field(&text, "MemAvailable:")? * 1024 })
    }

    /// The limits of a group and of all above it. Inside a container the path may be the host's: the mount's own root counts too.
    fn groups(&self, mount: &str, path: &str, names: &Names) -> Vec<Room> {
        let inside = Path::new(path.trim_start_matches('/'));
        let mount = self.root.join(mount);
        inside.ancestors().filter_map(|group| room_of(&mount.join(group), names)).collect()
    }

    fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }
}

/// How the files of a version of cgroups are called.
struct Names {
    limit: &'static str,
    used: &'static str,
    inactive: &'static str,
    active: &'static str,
}

const VERSION_2: Names =
    Names { limit: "memory.max", used: "memory.current", inactive: "inactive_file", active: "active_file" };
const VERSION_1: Names = Names {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    inactive: "total_inactive_file",
    active: "total_active_file",
};

/// Version 1 says "no limit" by a number near the largest.
const UNLIMITED: u64 = 1 << 60;

fn room_of(group: &Path, names: &Names) -> Option<Room> {
    let number = |name: &str| std::fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    let total = number(names.limit).filter(|&limit| limit < UNLIMITED)?;
    let statistics = std::fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    // As the kernel counts MemAvailable: file pages can go, but half of those in active use should stay.
    let droppable = field(&statistics, names.inactive).unwrap_or(0) + field(&statistics, names.active).unwrap_or(0) / 2;
    let used = number(names.used).unwrap_or(0).saturating_sub(droppable);
    Some(Room { total, free: total.saturating_sub(used) })
}

/// The number behind a name that begins a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, MachineMemory) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let memory = MachineMemory::under(folder.path());
        (folder, memory)
    }

    #[test]
    fn the_tightest_limit_counts_and_file_pages_are_free() {
        let machine = ("proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable: 8388608 kB\n");
        let rows: &[(&str, &[(&str, &str)], Option<(u64, u64)>)] = &[
            ("nothing to read", &[], None),
            ("no container", &[machine], Some((16384, 8192))),
            (
                "version 2, limit on the group itself",
                &[
                    machine,
                    ("proc/self/cgroup", "0::/user/job\n"),
                    ("sys/fs/cgroup/user/job/memory.max", "4294967296\n"),
                    ("sys/fs/cgroup/user/job/memory.current", "1073741824\n"),
                    ("sys/fs/cgroup/user/memory.max", "max\n"),
                ],
                Some((4096, 3072)),
            ),
            (
                "version 2, a tighter limit above, most of what is used are file pages",
                &[
                    machine,
                    ("proc/self/cgroup", "0::/user/job\n"),
                    ("sys/fs/cgroup/user/job/memory.max", "4294967296\n"),
                    ("sys/fs/cgroup/user/memory.max", "2147483648\n"),
                    ("sys/fs/cgroup/user/memory.current", "2147483648\n"),
                    ("sys/fs/cgroup/user/memory.stat", "anon 1\ninactive_file 1073741824\nactive_file 536870912\n"),
                ],
                Some((2048, 1280)),
            ),
            (
                "version 2 inside a container, where the path is the host's",
                &[
                    machine,
                    ("proc/self/cgroup", "0::/kubepods/pod7\n"),
                    ("sys/fs/cgroup/memory.max", "4294967296\n"),
                    ("sys/fs/cgroup/memory.current", "0\n"),
                ],
                Some((4096, 4096)),
            ),
            (
                "version 1",
                &[
                    machine,
                    ("proc/self/cgroup", "3:cpu,cpuacct:/x\n5:memory:/docker/a\n"),
                    ("sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes", "4294967296\n"),
                    ("sys/fs/cgroup/memory/docker/a/memory.usage_in_bytes", "3221225472\n"),
                    ("sys/fs/cgroup/memory/docker/a/memory.stat", "total_inactive_file 1073741824\n"),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ],
                Some((4096, 2048)),
            ),
        ];
        for (name, files, expected) in rows {
            let (_folder, memory) = tree(files);
            let got = memory.room().map(|room| (room.total / MIB, room.free / MIB));
            assert_eq!(got, *expected, "{name}");
        }
    }

    #[test]
    fn this_machine_can_be_read() {
        let room = MachineMemory::here().room().unwrap();
        assert!(room.total >= room.free && room.free > 0);
        assert!(MachineMemory::here().in_use_by(std::process::id()).unwrap() > 1 << 20);
    }
}
