/* WebSocket load client: one thread, epoll, N connections.
 *
 *   load --port P --path /ws --conns 1000 --step SEND EXPECT ... --count 100 --deadline 60
 *
 * Each connection walks through its steps (send a text, wait for a frame that contains EXPECT), then listens.
 * Events are frames that hold  "stamp":<ns, CLOCK_REALTIME>  and, after it,  "n":<serial from 1; 0 = warm-up>.
 * Ends after conns x count events, --seconds after the first event, or at --deadline.
 * Prints {"ready":…} when every connection has done its steps and one JSON line of results at the end.
 * --progress FILE: the mean serial reached, as 8 bytes, for publishers that keep a bounded number in flight. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MAX_STEPS = 8, OPENING = 64, BUFFER = 16 << 20, READ = 256 << 10, MAX_EVENTS = 1 << 20, SUB = 64 };
enum { HANDSHAKE, STEPS, LISTENING, CLOSED };

struct conn {
    int fd, state, step;
    uint64_t last;               /* newest serial seen */
    size_t hint;                 /* where the stamp stood in the previous event: usually right again */
    unsigned char *tail;         /* an incomplete frame waits here for the rest */
    size_t tail_len, tail_cap;
};

static struct { const char *send, *expect; } steps[MAX_STEPS];
static int n_steps, n_conns = 1000, port, listening, opening, closed;
static const char *path = "/ws", *progress_path;
static double deadline_s = 60, window_s;
static uint64_t count = UINT64_MAX;

static struct conn *conns;
static unsigned char *buffer;
static uint64_t deliveries, out_of_order, duplicates, skipped, reached_sum, bytes, first_ns, final_ns, max_ns;
static uint64_t histogram[64 * SUB];
static uint32_t *seen_by;        /* per serial: connections that have it */
static uint64_t *last_of;        /* per serial: latency of the last connection that got it */
static volatile uint64_t *progress;

static uint64_t clock_ns(clockid_t id) { struct timespec t; clock_gettime(id, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static void die(const char *what) { fprintf(stderr, "load: %s: %s\n", what, strerror(errno)); exit(1); }

/* Log-linear histogram of nanoseconds: 64 buckets per power of two, error under 1.6 %. */
static unsigned bucket(uint64_t v) {
    if (v < SUB) return v;
    int shift = 63 - __builtin_clzll(v) - 6;
    return (shift + 1) * SUB + ((v >> shift) - SUB);
}
static double bucket_us(unsigned i) { return (i < SUB ? i : (uint64_t)(i % SUB + SUB) << (i / SUB - 1)) / 1e3; }

static double percentile_us(double q) {
    uint64_t below = 0, wanted = q * deliveries;
    for (unsigned i = 0; i < 64 * SUB; i++)
        if ((below += histogram[i]) > wanted) return bucket_us(i);
    return max_ns / 1e3;
}

static void write_frame(struct conn *c, int opcode, const void *text, size_t len) {
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    unsigned char frame[8192], *p = frame;
    if (len > sizeof frame - 16) { errno = EMSGSIZE; die("text to send"); }
    *p++ = 0x80 | opcode;
    if (len < 126) *p++ = 0x80 | len;
    else { *p++ = 0x80 | 126; *p++ = len >> 8; *p++ = len; }
    memcpy(p, mask, 4);
    p += 4;
    for (size_t i = 0; i < len; i++) *p++ = ((const unsigned char *)text)[i] ^ mask[i & 3];
    if (write(c->fd, frame, p - frame) < 0 && errno != EAGAIN && errno != EPIPE && errno != ECONNRESET) die("write");
}

static uint64_t number(const unsigned char *p, const unsigned char *end) {
    uint64_t v = 0;
    if (p < end && *p == ' ') p++;       /* Python's default JSON spacing */
    while (p < end && *p >= '0' && *p <= '9') v = v * 10 + (*p++ - '0');
    return v;
}

static void event(struct conn *c, const unsigned char *p, size_t len, uint64_t now) {
    static const char key[] = "\"stamp\":";
    const size_t key_len = sizeof key - 1;
    if (c->hint + key_len > len || memcmp(p + c->hint, key, key_len)) {
        const unsigned char *found = memmem(p, len, key, key_len);
        if (!found) return;
        c->hint = found - p;
    }
    const unsigned char *stamp = p + c->hint + key_len, *end = p + len, *serial = memmem(stamp, end - stamp, "\"n\":", 4);
    if (!serial) return;
    uint64_t n = number(serial + 4, end), sent = number(stamp, end), late = now > sent ? now - sent : 0;
    if (n == 0) return;
    if (!first_ns) first_ns = now;
    if (n == c->last) { duplicates++; return; }
    if (n < c->last) { out_of_order++; return; }
    skipped += n - c->last - 1;
    reached_sum += n - c->last;
    c->last = n;
    deliveries++;
    bytes += len;
    final_ns = now;
    histogram[bucket(late)]++;
    if (late > max_ns) max_ns = late;
    if (n < MAX_EVENTS) { seen_by[n]++; if (late > last_of[n]) last_of[n] = late; }
}

static void next_step(struct conn *c) {
    if (c->step < n_steps) {
        c->state = STEPS;
        write_frame(c, 1, steps[c->step].send, strlen(steps[c->step].send));
        return;
    }
    c->state = LISTENING;
    listening++;
    opening--;
}

static void frame(struct conn *c, int opcode, const unsigned char *p, size_t len, uint64_t now) {
    if (opcode == 9) write_frame(c, 10, p, len);
    else if (opcode == 8) fprintf(stderr, "load: closed by server: %d %.*s\n", len > 1 ? p[0] << 8 | p[1] : 0, len > 2 ? (int)len - 2 : 0, p + 2);
    else if (len == 1 && *p == '2') write_frame(c, 1, "3", 1);           /* engine.io heartbeat */
    else if (c->state == STEPS && memmem(p, len, steps[c->step].expect, strlen(steps[c->step].expect))) { c->step++; next_step(c); }
    else event(c, p, len, now);
}

static size_t frames(struct conn *c, const unsigned char *p, size_t len, uint64_t now) {
    size_t at = 0;
    while (len - at >= 2) {
        uint64_t size = p[at + 1] & 127, head = 2;
        if (size == 126) { if (len - at < 4) break; size = p[at + 2] << 8 | p[at + 3]; head = 4; }
        else if (size == 127) { if (len - at < 10) break; memcpy(&size, p + at + 2, 8); size = be64toh(size); head = 10; }
        if (len - at < head + size) break;
        frame(c, p[at] & 15, p + at + head, size, now);
        at += head + size;
    }
    return at;
}

static size_t handshake(struct conn *c, const unsigned char *p, size_t len) {
    const unsigned char *end = memmem(p, len, "\r\n\r\n", 4);
    if (!end) return 0;
    if (len < 12 || memcmp(p, "HTTP/1.1 101", 12)) { fprintf(stderr, "load: refused: %.*s\n", (int)(end - p), p); exit(1); }
    next_step(c);
    return end + 4 - p;
}

static void drop(struct conn *c) {
    if (c->state != LISTENING) { fprintf(stderr, "load: connection lost before it had subscribed\n"); exit(1); }
    close(c->fd);
    c->state = CLOSED;
    closed++;
}

static void readable(struct conn *c) {
    if (c->tail_len) memcpy(buffer, c->tail, c->tail_len);
    ssize_t got = recv(c->fd, buffer + c->tail_len, READ, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) { drop(c); return; }
    uint64_t now = clock_ns(CLOCK_REALTIME);
    size_t len = c->tail_len + got, used = 0;
    if (c->state == HANDSHAKE) used = handshake(c, buffer, len);
    if (c->state != HANDSHAKE) used += frames(c, buffer + used, len - used, now);
    c->tail_len = len - used;
    if (c->tail_len > BUFFER - READ) { errno = EMSGSIZE; die("frame from server"); }
    if (c->tail_len > c->tail_cap) c->tail = realloc(c->tail, c->tail_cap = c->tail_len * 2);
    if (c->tail_len) memcpy(c->tail, buffer + used, c->tail_len);
}

static void open_one(struct conn *c, int epoll) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char request[1024];
    int on = 1, len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", path, port);
    if ((c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0) die("socket");
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &ev)) die("epoll_ctl");
    if (write(c->fd, request, len) != len) die("handshake");
    opening++;
}

static void arguments(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[++i] : "";
        if (!strcmp(name, "--port")) port = atoi(value);
        else if (!strcmp(name, "--path")) path = value;
        else if (!strcmp(name, "--conns")) n_conns = atoi(value);
        else if (!strcmp(name, "--count")) count = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--seconds")) window_s = atof(value);
        else if (!strcmp(name, "--deadline")) deadline_s = atof(value);
        else if (!strcmp(name, "--progress")) progress_path = value;
        else if (!strcmp(name, "--step") && n_steps < MAX_STEPS && i + 1 < argc) { steps[n_steps].send = value; steps[n_steps++].expect = argv[++i]; }
        else { fprintf(stderr, "load: what is %s?\n", name); exit(2); }
    }
}

static void prepare(void) {
    struct rlimit files = {n_conns + 64, n_conns + 64}, now;
    getrlimit(RLIMIT_NOFILE, &now);
    if (now.rlim_cur < files.rlim_cur && setrlimit(RLIMIT_NOFILE, &files)) die("open files limit");
    conns = calloc(n_conns, sizeof *conns);
    buffer = malloc(BUFFER);
    seen_by = calloc(MAX_EVENTS, sizeof *seen_by);
    last_of = calloc(MAX_EVENTS, sizeof *last_of);
    static uint64_t nowhere;
    progress = &nowhere;
    if (progress_path) {
        int fd = open(progress_path, O_RDWR);
        if (fd < 0) die(progress_path);
        progress = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (progress == MAP_FAILED) die("mmap");
    }
}

static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int by_value(const void *a, const void *b) { uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b; return (x > y) - (x < y); }

static double median_last_us(void) {
    size_t complete = 0;
    for (size_t n = 1; n < MAX_EVENTS; n++)
        if (seen_by[n] == (uint32_t)n_conns) last_of[complete++] = last_of[n];
    if (!complete) return 0;
    qsort(last_of, complete, sizeof *last_of, by_value);
    return last_of[complete / 2] / 1e3;
}

static void report(double cpu) {
    if (window_s) final_ns = clock_ns(CLOCK_REALTIME);   /* a server that falls silent must not look fast */
    uint64_t wanted = count == UINT64_MAX ? deliveries + skipped : count * n_conns;
    printf("{\"deliveries\":%lu,\"out_of_order\":%lu,\"duplicates\":%lu,\"missing\":%lu,\"closed\":%d,", deliveries, out_of_order, duplicates,
        wanted > deliveries + out_of_order ? wanted - deliveries - out_of_order : 0, closed);
    printf("\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,", percentile_us(.5), percentile_us(.9), percentile_us(.99), max_ns / 1e3);
    printf("\"last_us_per_event\":%.1f,\"elapsed_s\":%.4f,\"client_cpu_s\":%.4f,\"bytes_per_event\":%.1f}\n", median_last_us(),
        first_ns ? (final_ns - first_ns) / 1e9 : 0, cpu, deliveries ? (double)bytes / deliveries : 0);
}

int main(int argc, char **argv) {
    arguments(argc, argv);
    prepare();
    int epoll = epoll_create1(0), opened = 0, ready = 0;
    uint64_t started = clock_ns(CLOCK_MONOTONIC);
    double cpu_before = 0;
    struct epoll_event events[1024];
    while (count == UINT64_MAX || deliveries + out_of_order < count * n_conns) {
        while (opened < n_conns && opening < OPENING) open_one(&conns[opened++], epoll);
        int n = epoll_wait(epoll, events, 1024, 100);
        for (int i = 0; i < n; i++) readable(events[i].data.ptr);
        *progress = reached_sum / n_conns;
        double elapsed = (clock_ns(CLOCK_MONOTONIC) - started) / 1e9;
        if (!ready && listening == n_conns) {
            ready = 1;
            cpu_before = cpu_s();
            printf("{\"ready\":%d,\"seconds\":%.3f}\n", listening, elapsed);
            fflush(stdout);
        }
        if (elapsed > deadline_s || closed == n_conns) break;
        if (window_s && first_ns && clock_ns(CLOCK_REALTIME) - first_ns > window_s * 1e9) break;
    }
    if (!ready) { fprintf(stderr, "load: only %d of %d connections subscribed within %.0f s\n", listening, n_conns, deadline_s); return 1; }
    report(cpu_s() - cpu_before);
    fflush(stdout);
    usleep(200000);                      /* the server's CPU time is read before a thousand connections close */
    return 0;
}
