//~ arguments reach nobody before they are emitted: give them to `emit`

#![deny(unused_must_use)]

fn main() {
    aioevt::args![1, 2; num4 = 4];
}
