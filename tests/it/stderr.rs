//! What a program prints that has no error hook. It is run as another process: stderr belongs to a whole one.

use std::env;
use std::process::Command;

use aioevt::{EventLoop, Manager};

const INSIDE: &str = "AIOEVT_TEST_WITHOUT_A_HOOK";

#[test]
fn without_a_hook_an_error_is_a_line_on_stderr() {
    if env::var_os(INSIDE).is_some() {
        let mgr = Manager::new(EventLoop::inline());
        mgr.on("save")
            .named("disk")
            .call(|_: u8| Err::<(), _>("it is full"));
        mgr.emit("save", (1_u8,));
        mgr.emit("save", (300,));
        return;
    }
    let this = env::current_exe().unwrap();
    let output = Command::new(this)
        .args([
            "--exact",
            "stderr::without_a_hook_an_error_is_a_line_on_stderr",
        ])
        .arg("--nocapture")
        .env(INSIDE, "1")
        .output()
        .unwrap();
    assert!(output.status.success());
    let stderr = String::from_utf8(output.stderr).unwrap();
    let ours: Vec<&str> = stderr
        .lines()
        .filter(|line| line.starts_with("aioevt: "))
        .collect();
    // What, where, expected, found, and what to do.
    let [failed, misfit] = ours[..] else {
        panic!("{stderr}");
    };
    assert!(
        failed.starts_with("aioevt: event `save`, callback `disk` (tests/it/stderr.rs:"),
        "{failed}"
    );
    assert!(failed.ends_with("): failed: it is full"), "{failed}");
    for part in [
        "event `save`",
        "callback `disk`",
        "stderr.rs:",
        "expected a u8",
        "300",
        "not called",
    ] {
        assert!(misfit.contains(part), "{misfit}");
    }
}
