//! Plays rows of the reliability page with the defaults; `cargo xtask torture --rows` runs it.
#![forbid(unsafe_code)]

use std::io;
use std::process::ExitCode;

use clap::Parser;
use torture::rows;

#[derive(Debug, Parser)]
struct Options {
    /// One host of two: what the program starts itself
    #[arg(long, hide = true)]
    host: Option<Host>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Host {
    Here,
    There,
}

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    match Options::parse().host {
        Some(Host::There) => rows::there().await?,
        Some(Host::Here) => println!("{}", rows::here(&["--host", "there"]).await?),
        None if !rows::rows(&["--host", "here"], |line| println!("{line}")).await => {
            return Ok(ExitCode::FAILURE);
        }
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}
