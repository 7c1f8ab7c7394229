#[doc = include_str!("../../schmoozer-tcp/src/_cookbook/network.md")]
struct Network;

#[doc = include_str!("../../schmoozer-tcp/src/_cookbook/stuck.md")]
struct Stuck;

#[doc = include_str!("../../schmoozer-tcp/src/_transports/serial.md")]
struct Serial;

#[doc = include_str!("../../schmoozer-tcp/src/_transports/socks5.md")]
struct Socks5;

#[doc = include_str!("../../schmoozer-tcp/src/_transports/tls.md")]
struct Tls;

#[doc = include_str!("../../schmoozer-tcp/src/_transports/websocket.md")]
struct WebSocket;
