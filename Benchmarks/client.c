// Measures with libpq and nothing else, the same code on both sides. Commands come on standard input, one answer a line.
//
// client CONNINFO         answers commands:
//   reading SIDE HOUR                one reading by INSERT; answers the seconds until another session has read its row
//   hour SIDE STATIONS HOUR HOURS    readings of HOURS hours up to HOUR by one COPY; for a daemon answers the seconds of that
//                                    COPY, and from its commit until another session knows of the commit of all forecasts; for
//                                    the floor does what has to be done with bare libpq, and answers the seconds of the
//                                    readings' COPY, and of reading, writing and commit
// client CONNINFO answer  stands in for the daemon on the floor's side of `reading`
//
// SIDE is hazecast, floor, or for an hour also peer; HOUR is in hours since 2000.
#include <libpq-fe.h>
#include <endian.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEADS = 24, DEADLINE = 120 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void fail(PGconn *c, const char *what) {
    fprintf(stderr, "%s: %s\n", what, c ? PQerrorMessage(c) : "");
    exit(1);
}

static PGconn *open_connection(const char *conninfo) {
    PGconn *c = PQconnectdb(conninfo);
    if (PQstatus(c) != CONNECTION_OK) fail(c, "connect");
    return c;
}

static void run(PGconn *c, const char *sql) {
    PGresult *r = PQexec(c, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) fail(c, sql);
    PQclear(r);
}

static void prepare(PGconn *c, const char *name, const char *sql) {
    PGresult *r = PQprepare(c, name, sql, 0, NULL);
    if (PQresultStatus(r) != PGRES_COMMAND_OK) fail(c, sql);
    PQclear(r);
}

// Parameters of up to three values, all of them 4 or 8 bytes in network order; binary both ways.
typedef struct { int count; uint64_t wide[9]; const char *values[9]; int lengths[9], formats[9]; } Parameters;

static void add(Parameters *p, uint64_t value, int width) {
    int i = p->count++;
    p->wide[i] = width == 8 ? htobe64(value) : htobe32((uint32_t)value);
    p->values[i] = (char *)&p->wide[i];
    p->lengths[i] = width;
    p->formats[i] = 1;
}

static PGresult *execute(PGconn *c, const char *name, Parameters *p) {
    PGresult *r = PQexecPrepared(c, name, p->count, p->values, p->lengths, p->formats, 1);
    if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK) fail(c, name);
    return r;
}

static int64_t timestamp(long hour) { return (int64_t)hour * 3600000000LL; }

// What a station reports: it changes from hour to hour, as no two hours in nature are the same, and looks like weather.
static void measures(int station, long hour, float out[6]) {
    uint32_t h = (uint32_t)station * 2654435761u ^ (uint32_t)hour * 2246822519u;
    h ^= h >> 15; h *= 2246822519u; h ^= h >> 13; h *= 3266489917u; h ^= h >> 16;
    out[0] = 20 + (h & 1023) * 0.05f;
    out[1] = -10 + (h >> 10 & 255) * 0.02f;
    out[2] = 5 + (h >> 12 & 255) * 0.03f;
    out[3] = 1010 + (h >> 16 & 255) * 0.05f;
    out[4] = (h >> 8 & 255) * 1.4f;
    out[5] = 1 + (h >> 20 & 255) * 0.02f;
}

static char command[256];

static void wait_for_notification(PGconn *c) {
    double deadline = now() + DEADLINE;
    for (;;) {
        PGnotify *n = PQnotifies(c);
        if (n) {
            do PQfreemem(n); while ((n = PQnotifies(c)));
            return;
        }
        struct pollfd p = {PQsocket(c), POLLIN, 0};
        if (poll(&p, 1, 1000) < 0 || now() > deadline) { fprintf(stderr, "nothing came of: %s", command); exit(1); }
        if (!PQconsumeInput(c)) fail(c, "wait");
    }
}

// MARK: binary COPY

typedef struct { char *bytes; size_t count, room; } Buffer;

static char *reserve(Buffer *b, size_t more) {
    if (b->count + more > b->room) {
        b->room = 2 * (b->count + more);
        if (!(b->bytes = realloc(b->bytes, b->room))) abort();
    }
    char *at = b->bytes + b->count;
    b->count += more;
    return at;
}

static void put16(Buffer *b, int16_t v) { uint16_t n = htobe16((uint16_t)v); memcpy(reserve(b, 2), &n, 2); }
static void put32(Buffer *b, int32_t v) { uint32_t n = htobe32((uint32_t)v); memcpy(reserve(b, 4), &n, 4); }
static void put64(Buffer *b, int64_t v) { uint64_t n = htobe64((uint64_t)v); memcpy(reserve(b, 8), &n, 8); }
static uint32_t bits(float f) { uint32_t u; memcpy(&u, &f, 4); return u; }
static void begin(Buffer *b) { b->count = 0; memcpy(reserve(b, 19), "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19); }

static void start_copy(PGconn *c, const char *sql) {
    PGresult *r = PQexec(c, sql);
    if (PQresultStatus(r) != PGRES_COPY_IN) fail(c, sql);
    PQclear(r);
}

static void end_copy(PGconn *c) {
    if (PQputCopyEnd(c, NULL) != 1) fail(c, "COPY");
    PGresult *r;
    while ((r = PQgetResult(c))) {
        if (PQresultStatus(r) != PGRES_COMMAND_OK) fail(c, "COPY");
        PQclear(r);
    }
}

static void send_copy(PGconn *c, Buffer *b) {
    if (PQputCopyData(c, b->bytes, (int)b->count) != 1) fail(c, "COPY");
    b->count = 0;
}

#define LEDGER "(station_id, origin, revision, issued_at, model_id, pm25, lower80, upper80, lower95, upper95, digest)"

static void put_row(Buffer *b, int station, int64_t origin, float pm25) {
    put16(b, 11);
    put32(b, 4); put32(b, station);
    put32(b, 8); put64(b, origin);
    put32(b, 4); put32(b, 1);
    put32(b, 8); put64(b, origin);
    put32(b, 4); put32(b, 1);
    for (int array = 0; array < 5; array++) {
        put32(b, 20 + 8 * LEADS); put32(b, 1); put32(b, 0); put32(b, 700); put32(b, LEADS); put32(b, 1);
        for (int lead = 0; lead < LEADS; lead++) { put32(b, 4); put32(b, (int32_t)bits(pm25 + array + lead * 0.37f)); }
    }
    put32(b, 8); put64(b, (int64_t)station * 0x9E3779B97F4A7C15LL ^ origin);
}

// MARK: commands

static PGconn *writer, *reader;

static void reading(const char *side, long hour) {
    float m[6];
    measures(1, hour, m);
    Parameters insert = {0};
    add(&insert, 1, 4);
    add(&insert, (uint64_t)timestamp(hour), 8);
    for (int i = 0; i < 6; i++) add(&insert, bits(m[i]), 4);
    char insert_name[32], read_name[32];
    snprintf(insert_name, 32, "insert_%s", side);
    snprintf(read_name, 32, "read_%s", side);
    double began = now();
    PQclear(execute(writer, insert_name, &insert));
    for (;;) {
        wait_for_notification(reader);
        Parameters read = {0};
        add(&read, (uint64_t)timestamp(hour), 8);
        PGresult *r = execute(reader, read_name, &read);
        int found = PQntuples(r);
        PQclear(r);
        if (found) break;
    }
    printf("%.6f\n", now() - began);
}

static double write_readings(const char *table, int stations, long hour, int hours) {
    static Buffer b;
    begin(&b);
    for (long h = hour - hours + 1; h <= hour; h++) {
        for (int station = 1; station <= stations; station++) {
            float m[6];
            measures(station, h, m);
            put16(&b, 8);
            put32(&b, 4); put32(&b, station);
            put32(&b, 8); put64(&b, timestamp(h));
            for (int i = 0; i < 6; i++) { put32(&b, 4); put32(&b, (int32_t)bits(m[i])); }
        }
    }
    put16(&b, -1);
    char sql[256];
    snprintf(sql, 256, "COPY %s (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)"
        " FROM STDIN (FORMAT binary)", table);
    double began = now();
    start_copy(writer, sql);
    send_copy(writer, &b);
    end_copy(writer);
    return now() - began;
}

static int count(const char *name, long hour, int stations) {
    Parameters p = {0};
    add(&p, (uint64_t)timestamp(hour), 8);
    if (stations) add(&p, (uint64_t)stations, 4);
    PGresult *r = execute(reader, name, &p);
    uint64_t n;
    memcpy(&n, PQgetvalue(r, 0, 0), 8);
    PQclear(r);
    return (int)be64toh(n);
}

// The daemon's hour, or that of the peer, which has tables of its own.
static void hour_of_daemon(const char *readings, const char *ends_there, const char *all_there, int stations, long hour, int hours) {
    double copy = write_readings(readings, stations, hour, hours);
    double began = now(), ended;
    do {
        wait_for_notification(reader);
        ended = now();
    } while (count(ends_there, hour, stations) < (stations > 1 ? 2 : 1));
    int all = count(all_there, hour, 0);
    if (all != stations) { fprintf(stderr, "%d forecasts of %d\n", all, stations); exit(1); }
    printf("%.6f %.6f\n", copy, ended - began);
}

static void hour_of_floor(int stations, long hour, int hours) {
    double copy = write_readings("floor_reading", stations, hour, hours);
    Parameters p = {0};
    add(&p, (uint64_t)timestamp(hour), 8);
    PGresult *r = execute(writer, "transaction", &p);
    uint64_t transaction;
    memcpy(&transaction, PQgetvalue(r, 0, 0), 8);
    PQclear(r);
    static Buffer b;
    double began = now();
    run(writer, "BEGIN");
    Parameters read = {0};
    add(&read, be64toh(transaction), 8);
    r = execute(writer, "newest", &read);
    double was_read = now();
    start_copy(writer, "COPY floor_ledger " LEDGER " FROM STDIN (FORMAT binary)");
    begin(&b);
    for (int row = 0; row < PQntuples(r); row++) {
        uint32_t station, pm25;
        uint64_t origin;
        memcpy(&station, PQgetvalue(r, row, 0), 4);
        memcpy(&origin, PQgetvalue(r, row, 1), 8);
        memcpy(&pm25, PQgetvalue(r, row, 2), 4);
        pm25 = be32toh(pm25);
        float f;
        memcpy(&f, &pm25, 4);
        if ((long)be64toh(origin) != timestamp(hour)) continue;  // a backlog: only the newest hour counts
        put_row(&b, (int)be32toh(station), (int64_t)be64toh(origin), f);
        if (b.count > 256 * 1024) send_copy(writer, &b);
    }
    put16(&b, -1);
    send_copy(writer, &b);
    end_copy(writer);
    double was_written = now();
    PQclear(r);
    run(writer, "COMMIT");
    double ended = now();
    printf("%.6f %.6f %.6f %.6f %.6f\n", copy, ended - began, was_read - began, was_written - was_read, ended - was_written);
}

static void serve(const char *conninfo) {
    writer = open_connection(conninfo);
    reader = open_connection(conninfo);
    // As the daemon does, so that a plan is made once and goes by the index.
    run(writer, "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off");
    const char *sides[2][3] = {{"hazecast", "hazecast.reading", "hazecast.forecast_ledger"},
                               {"floor", "floor_reading", "floor_ledger"}};
    for (int side = 0; side < 2; side++) {
        char name[64], sql[512];
        snprintf(name, 64, "insert_%s", sides[side][0]);
        snprintf(sql, 512, "INSERT INTO %s (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction,"
            " wind_speed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", sides[side][1]);
        prepare(writer, name, sql);
        snprintf(name, 64, "read_%s", sides[side][0]);
        snprintf(sql, 512, "SELECT pm25 FROM %s WHERE station_id = 1 AND origin = $1", sides[side][2]);
        prepare(reader, name, sql);
    }
    prepare(reader, "ends_there", "SELECT count(*) FROM hazecast.forecast_ledger WHERE origin = $1 AND station_id IN (1, $2)");
    prepare(reader, "all_there", "SELECT count(*) FROM hazecast.forecast_ledger WHERE origin = $1");
    prepare(reader, "ends_there_p", "SELECT count(*) FROM peer_ledger WHERE origin = $1 AND station_id IN (1, $2)");
    prepare(reader, "all_there_p", "SELECT count(*) FROM peer_ledger WHERE origin = $1");
    prepare(writer, "transaction", "SELECT written_by FROM floor_reading WHERE station_id = 1 AND observed_at = $1");
    prepare(writer, "newest", "SELECT station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction,"
        " wind_speed FROM floor_reading WHERE written_by = $1");
    run(reader, "LISTEN issued");
    printf("ready\n");
    fflush(stdout);
    char side[16];
    int stations, hours;
    long hour;
    while (fgets(command, 256, stdin)) {
        while (PQconsumeInput(reader), PQnotifies(reader)) {}
        if (sscanf(command, "reading %15s %ld", side, &hour) == 2) reading(side, hour);
        else if (sscanf(command, "hour %15s %d %ld %d", side, &stations, &hour, &hours) == 4)
        {
            if (!strcmp(side, "floor")) hour_of_floor(stations, hour, hours);
            else if (!strcmp(side, "peer")) hour_of_daemon("peer_reading", "ends_there_p", "all_there_p", stations, hour, hours);
            else hour_of_daemon("hazecast.reading", "ends_there", "all_there", stations, hour, hours);
        }
        else exit(2);
        fflush(stdout);
    }
}

static void answer(const char *conninfo) {
    PGconn *c = open_connection(conninfo);
    run(c, "LISTEN floor_arrival");
    prepare(c, "newest", "SELECT coalesce(max(origin), '2000-01-01Z') FROM floor_ledger");
    Parameters none = {0};
    PGresult *r = execute(c, "newest", &none);
    int64_t origin;
    memcpy(&origin, PQgetvalue(r, 0, 0), 8);
    origin = (int64_t)be64toh((uint64_t)origin);
    PQclear(r);
    printf("ready\n");
    fflush(stdout);
    char line[64];
    if (!fgets(line, 64, stdin)) return;
    origin = timestamp(atol(line));  // of the hour before the first one
    Buffer b = {0};
    for (;;) {
        PGnotify *n = PQnotifies(c);
        if (!n) {
            struct pollfd p[2] = {{PQsocket(c), POLLIN, 0}, {0, POLLIN, 0}};
            if (poll(p, 2, -1) < 0 || p[1].revents) return;
            if (!PQconsumeInput(c)) fail(c, "wait");
            continue;
        }
        PQfreemem(n);
        origin += timestamp(1);  // known without a query
        begin(&b);
        put_row(&b, 1, origin, 12.5f);
        put16(&b, -1);
        start_copy(c, "COPY floor_ledger " LEDGER " FROM STDIN (FORMAT binary)");
        send_copy(c, &b);
        end_copy(c);
    }
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    if (count > 2) answer(arguments[1]); else serve(arguments[1]);
    return 0;
}
