//! `cargo xtask ci`: its steps are the tasks marked so in the table; here is only their order, timing and summary.

use std::time::{Duration, Instant};

use crate::{Done, Result, TASKS, Task, workspace};

pub(crate) fn run(args: &[String]) -> Result {
    let without = left_out(args)?;
    let steps: Vec<&Task> = TASKS.iter().filter(|task| task.in_ci).collect();
    let mut lines = Vec::new();
    let mut failure = None;
    let start = Instant::now();
    for (index, step) in steps.iter().enumerate() {
        let name = step.name;
        if failure.is_some() {
            lines.push(format!("{name:10} not run"));
            continue;
        }
        if without.contains(&name) {
            lines.push(format!("{name:10} left out"));
            continue;
        }
        println!(
            "\n==== {}/{}: {name}: {}",
            index + 1,
            steps.len(),
            step.about
        );
        let step_start = Instant::now();
        let result = match (step.run)(&[]) {
            Ok(Done::Skipped(why)) if workspace::is_ci() => {
                Err(format!("may not be skipped where CI is set: {why}"))
            }
            other => other,
        };
        let took = seconds(step_start.elapsed());
        match result {
            Ok(Done::Ok) => lines.push(format!("{name:10} ok       {took}")),
            Ok(Done::Skipped(why)) => {
                println!("skipped: {why}");
                lines.push(format!("{name:10} skipped  {took}  {why}"));
            }
            Err(error) => {
                lines.push(format!(
                    "{name:10} FAILED   {took}  repeat with: cargo xtask {name}"
                ));
                failure = Some(format!("{name}: {error}"));
            }
        }
    }
    println!("\n==== summary");
    for line in lines {
        println!("{line}");
    }
    println!("{:10}          {}", "total", seconds(start.elapsed()));
    failure.map_or(Ok(Done::Ok), Err)
}

/// The steps named by `--without NAME`.
fn left_out(args: &[String]) -> Result<Vec<&'static str>> {
    args.chunks(2)
        .map(|pair| match pair {
            [flag, name] if flag == "--without" => {
                let task = TASKS.iter().find(|task| task.in_ci && task.name == name);
                task.map(|task| task.name)
                    .ok_or_else(|| format!("there is no step `{name}` to leave out"))
            }
            [flag, ..] if flag == "--without" => Err("--without needs the name of a step".into()),
            other => Err(format!(
                "takes only `--without STEP`, found `{}`",
                other.join(" ")
            )),
        })
        .collect()
}

fn seconds(duration: Duration) -> String {
    format!("{:6.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(args: &[&str]) -> Vec<String> {
        args.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_steps_can_be_left_out() {
        assert_eq!(
            left_out(&args(&["--without", "fmt", "--without", "deny"])),
            Ok(vec!["fmt", "deny"])
        );
        assert!(
            left_out(&args(&["--without", "ci"]))
                .unwrap_err()
                .contains("no step `ci`")
        );
        assert!(
            left_out(&args(&["--without"]))
                .unwrap_err()
                .contains("needs the name")
        );
        assert!(
            left_out(&args(&["fmt"]))
                .unwrap_err()
                .contains("found `fmt`")
        );
    }
}
