//~ IntoSharedCallback

use aioevt::Callback;

fn main() {
    let mut sum = 0;
    let _callback = Callback::new(move |a: i64| sum += a);
}
