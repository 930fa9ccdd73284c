//! A service from its start to its end, as its operator sees it: the real binary of the example `rough`.

mod control;
mod helpers;
mod life;
mod start;
mod wedged;
