//! What the operating system tells about this process and the machine. Never a host name or a path.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::wrong::{Wrong, wrong};

/// Processor time used by all threads of this process.
pub fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Resident memory of this process in bytes.
pub fn resident() -> Result<u64, Wrong> {
    let text = fs::read_to_string("/proc/self/statm").map_err(wrong)?;
    let pages = text
        .split_whitespace()
        .nth(1)
        .and_then(|field| field.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| wrong("/proc/self/statm has no second field"))?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// One line on processor and memory.
pub fn describe() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let cpu = first_field("/proc/cpuinfo", "model name")
        .unwrap_or_else(|| "unknown processor".to_owned());
    let memory = first_field("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let system: String = system
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    format!("{cores} cores of {cpu}, memory {memory}, Linux {system}")
}

/// How many tasks wanted a processor over the last minute: above the number of cores the figures are disturbed.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned()
}

fn first_field(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
