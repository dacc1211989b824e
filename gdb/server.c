// The connection: who may come in, and bytes both ways.
#define _GNU_SOURCE // accept4
#include "gdb/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "gdb/session.h"

#define LOOK_EVERY_MS 100
#define PATIENCE_MS 10000 // with a client that reads nothing
#define POLL_EVERY 64u    // turns of give_up

struct connection {
  int listener, fd;
  const struct wg_gdb_options *o;
  const struct wg_gdb_target *target;
  struct wg_gdb_session session;
  struct wg_gdb_reader reader;
  struct wg_buf out; // the latest packet
  struct wg_buf in;  // what came,
  size_t at;         // and how much of it has been taken
  uint64_t polls;
  bool gone, broken, over; // over: the client leaves in order
};

// --- sockets ----------------------------------------------------------------------------------------------

int wg_gdb_listen(const struct wg_gdb_options *o, int *out, uint16_t *port, struct wg_err *err) {
  const char *where = o->listen ? o->listen : "127.0.0.1";
  const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
  struct addrinfo *a = NULL;
  char number[8];
  snprintf(number, sizeof number, "%u", o->port);
  int code = getaddrinfo(where, number, &hints, &a);
  if (code != 0)
    return wg_fail(err, WG_INPUT, "--listen %s: %s; expected a numeric address", where, gai_strerror(code));
  int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
  union {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
  } have;
  socklen_t n = sizeof have;
  memset(&have, 0, sizeof have);
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  bool well =
      fd >= 0 && bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 8) == 0 && getsockname(fd, &have.any, &n) == 0;
  int why = errno;
  freeaddrinfo(a);
  if (!well) {
    if (fd >= 0) close(fd);
    return wg_fail(err, WG_INPUT, "cannot listen at %s, port %u: %s", where, o->port, strerror(why));
  }
  *port = ntohs(have.any.sa_family == AF_INET6 ? have.six.sin6_port : have.four.sin_port);
  *out = fd;
  return WG_OK;
}

static void tell_user(const struct connection *c, const char *words) {
  if (c->o->told) c->o->told(c->o->ctx, words);
}

// There is a client: whoever else comes is sent away.
static void refuse_others(struct connection *c) {
  int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return;
  close(fd);
  tell_user(c, "a second client was refused");
}

static void send_all(struct connection *c, const char *data, size_t n) {
  while (n && !c->gone) {
    ssize_t sent = send(c->fd, data, n, MSG_NOSIGNAL);
    if (sent > 0) {
      data += sent;
      n -= (size_t)sent;
      continue;
    }
    struct pollfd p = {.fd = c->fd, .events = POLLOUT};
    if (sent < 0 && errno == EINTR) continue;
    if ((sent < 0 && errno != EAGAIN) || poll(&p, 1, PATIENCE_MS) == 0) c->gone = true;
  }
}

static void send_packet(struct connection *c, const char *payload, size_t n) {
  wg_buf_clear(&c->out);
  wg_gdb_frame(payload, n, &c->out);
  send_all(c, c->out.data, c->out.len);
}

// What a monitor command has printed, in parts that a packet holds.
static void send_console(struct connection *c) {
  const struct wg_buf *text = &c->session.console;
  struct wg_buf part = {0};
  for (size_t at = 0; at < text->len && !c->gone; at += WG_GDB_PACKET / 2 - 8) {
    size_t n = text->len - at;
    if (n > WG_GDB_PACKET / 2 - 8) n = WG_GDB_PACKET / 2 - 8;
    wg_buf_clear(&part);
    wg_buf_char(&part, 'O');
    wg_gdb_hex(text->data + at, n, &part);
    send_packet(c, part.data, part.len);
  }
  wg_buf_release(&part);
}

// --- while the run goes on --------------------------------------------------------------------------------

static bool goes_on(const struct connection *c) { return c->o->go_on == NULL || c->o->go_on(); }

// Ctrl-C counts where it is the next thing that was said, but for acknowledgements.
static bool broken(struct connection *c) {
  while (c->at < c->in.len && c->in.data[c->at] == '+') c->at++;
  if (c->at < c->in.len && c->in.data[c->at] == 3) {
    c->at++;
    c->broken = true;
  }
  return c->broken || c->gone;
}

static bool wants_break(void *ctx) {
  struct connection *c = ctx;
  char bytes[512];
  if (broken(c) || c->polls++ % POLL_EVERY) return c->broken || c->gone;
  struct pollfd p[2] = {{.fd = c->fd, .events = c->in.len < WG_GDB_PACKET ? POLLIN : 0},
                        {.fd = c->listener, .events = POLLIN}};
  if (!goes_on(c)) c->broken = true;
  if (poll(p, 2, 0) <= 0) return c->broken;
  if (p[0].revents == 0) {
    refuse_others(c);
    return c->broken;
  }
  ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) c->gone = true;
  if (n > 0) wg_buf_add(&c->in, bytes, (size_t)n);
  return broken(c);
}

static void resume_run(struct connection *c) {
  struct wg_gdb_session *s = &c->session;
  struct wg_gdb_stop stop;
  struct wg_err err = {0};
  s->request.give_up = s->give_up;
  s->request.ctx = s->ctx;
  if (s->target->resume(s->target->ctx, &s->request, &stop, &err) == WG_OK) {
    wg_gdb_tell_stop(s, &stop);
    c->over = stop.why == WG_GDB_EXITED;
    return;
  }
  wg_gdb_error(s, "%s", err.msg);
  tell_user(c, err.msg);
}

// --- a conversation ---------------------------------------------------------------------------------------

static void answer_packet(struct connection *c) {
  struct wg_gdb_session *s = &c->session;
  if (!s->no_ack) send_all(c, "+", 1);
  c->broken = false;
  enum wg_gdb_next next = wg_gdb_packet(s, c->reader.payload.data, c->reader.payload.len);
  if (next == WG_GDB_RESUME) resume_run(c);
  if (s->target->machine(s->target->ctx) == NULL) {
    c->gone = true;
    return;
  }
  if (s->console.len) send_console(c);
  if (next != WG_GDB_HANG_UP) send_packet(c, s->answer.data, s->answer.len);
  c->over |= next == WG_GDB_LEAVE || next == WG_GDB_HANG_UP;
}

static void take_byte(struct connection *c, uint8_t byte) {
  switch (wg_gdb_byte(&c->reader, byte)) {
  case WG_GDB_PAYLOAD: answer_packet(c); return;
  case WG_GDB_BAD:
    if (!c->session.no_ack) send_all(c, "-", 1);
    return;
  case WG_GDB_NACK:
    if (!c->session.no_ack && c->out.len) send_all(c, c->out.data, c->out.len);
    return;
  case WG_GDB_NOTHING:
  case WG_GDB_ACK:
  case WG_GDB_BREAK: return; // nothing goes on
  }
}

// What came while a packet was answered comes next.
static void take_bytes(struct connection *c, const char *bytes, size_t n) {
  wg_buf_add(&c->in, bytes, n);
  while (c->at < c->in.len && !c->gone && !c->over) take_byte(c, (uint8_t)c->in.data[c->at++]);
  wg_buf_clear(&c->in);
  c->at = 0;
}

// Whether its client was the last one.
static bool converse(struct connection *c) {
  char bytes[4096];
  int on = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  wg_gdb_session_begin(&c->session, c->target, c->o);
  c->session.give_up = wants_break;
  c->session.ctx = c;
  if (c->target->ask) c->target->ask(c->target->ctx, wants_break, c);
  tell_user(c, "a client has come");
  while (!c->gone && !c->over && goes_on(c)) {
    struct pollfd p[2] = {{.fd = c->fd, .events = POLLIN}, {.fd = c->listener, .events = POLLIN}};
    if (poll(p, 2, LOOK_EVERY_MS) <= 0) continue;
    if (p[0].revents == 0) { // it has not left, either
      refuse_others(c);
      continue;
    }
    ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
    if (n > 0)
      take_bytes(c, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
      c->gone = true;
  }
  tell_user(c, c->over ? "the client has left" : "the client is gone");
  close(c->fd);
  if (c->target->ask) c->target->ask(c->target->ctx, NULL, NULL);
  bool last = c->over && c->target->left && c->target->left(c->target->ctx, c->session.kills);
  wg_gdb_session_release(&c->session);
  wg_gdb_reader_release(&c->reader);
  wg_buf_release(&c->out);
  wg_buf_release(&c->in);
  return last;
}

int wg_gdb_serve(int listener, const struct wg_gdb_target *t, const struct wg_gdb_options *o, struct wg_err *err) {
  int code = WG_OK;
  for (bool served = false, last = false; code == WG_OK && !last && !(served && o->once);) {
    struct connection c = {.listener = listener, .o = o, .target = t};
    struct pollfd p = {.fd = listener, .events = POLLIN};
    if (!goes_on(&c)) break;
    if (poll(&p, 1, LOOK_EVERY_MS) <= 0) continue;
    c.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (c.fd < 0) continue;
    last = converse(&c);
    served = true;
    if (t->machine(t->ctx) == NULL) code = wg_fail(err, WG_INPUT, "the run cannot be executed any more");
  }
  close(listener);
  return code;
}
