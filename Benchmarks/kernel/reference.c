/* The yardstick: the two-layer recurrent network by hand in C with AVX2 and FMA.
 *
 * Built once a shape, sizes known to the compiler: -DINPUTS= -DHIDDEN1= -DHIDDEN2= -DOUTPUTS= -DBIASES=.
 *
 *     reference FILE        (a case that KernelBenchmark wrote; see case.py)
 *
 * Answers each line on stdin ("predict", "epoch", "outputs", "weights") with one on stdout. 16 windows are computed side
 * by side, one a lane, which is two vectors in flight; they are sliced from the series where the case says so.
 */
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEPS = 24, BATCH = 4, LANES = 16 };
enum {
    U = 0,
    W1 = INPUTS * HIDDEN1,
    Q = W1 + HIDDEN1 * HIDDEN1,
    W2 = Q + HIDDEN1 * HIDDEN2,
    V = W2 + HIDDEN2 * HIDDEN2,
    B1 = V + HIDDEN2 * OUTPUTS,
    B2 = B1 + HIDDEN1,
    C = B2 + HIDDEN2,
    WEIGHTS = BIASES ? C + OUTPUTS : B1
};

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")

/* Sixteen windows' numbers: two vectors. */
typedef struct { __m256 a, b; } pair;

INLINE pair load(const float *p) { return (pair){_mm256_load_ps(p), _mm256_load_ps(p + 8)}; }
INLINE void store(float *p, pair v) { _mm256_store_ps(p, v.a); _mm256_store_ps(p + 8, v.b); }
INLINE pair spread(float x) { return (pair){_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
INLINE pair fma1(pair v, float w, pair s) {
    const __m256 m = _mm256_set1_ps(w);
    return (pair){_mm256_fmadd_ps(v.a, m, s.a), _mm256_fmadd_ps(v.b, m, s.b)};
}

INLINE __m256 tanh8(__m256 x) {
    const __m256 limit = _mm256_set1_ps(7.905311f);
    x = _mm256_max_ps(_mm256_min_ps(x, limit), _mm256_sub_ps(_mm256_setzero_ps(), limit));
    const __m256 x2 = _mm256_mul_ps(x, x);
    __m256 p = _mm256_fmadd_ps(x2, _mm256_set1_ps(-2.7607685e-16f), _mm256_set1_ps(2.0001879e-13f));
    __m256 q = _mm256_fmadd_ps(x2, _mm256_set1_ps(1.1982584e-06f), _mm256_set1_ps(1.1853471e-04f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(-8.604672e-11f));
    q = _mm256_fmadd_ps(q, x2, _mm256_set1_ps(2.2684346e-03f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(5.122297e-08f));
    q = _mm256_fmadd_ps(q, x2, _mm256_set1_ps(4.893525e-03f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(1.4857223e-05f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(6.3726195e-04f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(4.8935246e-03f));
    return _mm256_div_ps(_mm256_mul_ps(x, p), q);
}
INLINE pair tanh16(pair v) { return (pair){tanh8(v.a), tanh8(v.b)}; }

/* The widest tile of columns that leaves registers for the rest: 6 columns are 12 of 16 registers. */
#define TILE(n) ((n) % 6 == 0 ? 6 : (n) % 4 == 0 ? 4 : (n) % 2 == 0 ? 2 : 1)

/* out[j] = f(bias[j] + sum_i a[i] m[i][j] + sum_k b[k] n[k][j]), vectors as arrays of 16 floats. */
#define LAYER(columns, a, na, m, b, nb, n, bias, write)                                    \
    for (int j0 = 0; j0 < (columns); j0 += TILE(columns)) {                                \
        pair s[TILE(columns)];                                                             \
        UNROLL for (int j = 0; j < TILE(columns); j++) s[j] = spread(BIASES ? (bias)[j0 + j] : 0);      \
        UNROLL for (int i = 0; i < (na); i++) {                                            \
            const pair v = load((a) + i * LANES);                                          \
            UNROLL for (int j = 0; j < TILE(columns); j++)                                 \
                s[j] = fma1(v, (m)[i * (columns) + j0 + j], s[j]);                         \
        }                                                                                  \
        UNROLL for (int i = 0; i < (nb); i++) {                                            \
            const pair v = load((b) + i * LANES);                                          \
            UNROLL for (int j = 0; j < TILE(columns); j++)                                 \
                s[j] = fma1(v, (n)[i * (columns) + j0 + j], s[j]);                         \
        }                                                                                  \
        UNROLL for (int j = 0; j < TILE(columns); j++) { const pair value = s[j]; write; } \
    }

/* h1 and h2 hold the states of every step (row 0 zero) for the way back, or of two steps in turn where keep is 0. */
INLINE void forward(const float *w, const float *x, float *h1, float *h2, float *y, int keep) {
    for (int t = 0; t < STEPS; t++) {
        const int from = keep ? t : t & 1, to = keep ? t + 1 : (t & 1) ^ 1;
        const float *p1 = h1 + from * HIDDEN1 * LANES, *p2 = h2 + from * HIDDEN2 * LANES;
        float *n1 = h1 + to * HIDDEN1 * LANES, *n2 = h2 + to * HIDDEN2 * LANES;
        LAYER(HIDDEN1, x + t * INPUTS * LANES, INPUTS, w + U, p1, HIDDEN1, w + W1, w + B1,
              store(n1 + (j0 + j) * LANES, tanh16(value)))
        LAYER(HIDDEN2, n1, HIDDEN1, w + Q, p2, HIDDEN2, w + W2, w + B2, store(n2 + (j0 + j) * LANES, tanh16(value)))
    }
    const float *last = h2 + (keep ? STEPS : STEPS & 1) * HIDDEN2 * LANES;
    LAYER(OUTPUTS, last, HIDDEN2, w + V, last, 0, w, w + C, store(y + (j0 + j) * LANES, value))
}

#if HIDDEN1 == 2 && HIDDEN2 == 2 && OUTPUTS == 1
/* The smallest network's states never leave the registers. */
INLINE void predict(const float *w, const float *x, float *y) {
    pair h10 = spread(0), h11 = h10, h20 = h10, h21 = h10;
    for (int t = 0; t < STEPS; t++, x += INPUTS * LANES) {
        pair s0 = spread(BIASES ? w[B1] : 0), s1 = spread(BIASES ? w[B1 + 1] : 0);
        UNROLL for (int i = 0; i < INPUTS; i++) {
            const pair v = load(x + i * LANES);
            s0 = fma1(v, w[U + 2 * i], s0);
            s1 = fma1(v, w[U + 2 * i + 1], s1);
        }
        s0 = fma1(h10, w[W1], s0);
        s1 = fma1(h10, w[W1 + 1], s1);
        s0 = fma1(h11, w[W1 + 2], s0);
        s1 = fma1(h11, w[W1 + 3], s1);
        h10 = tanh16(s0);
        h11 = tanh16(s1);
        s0 = spread(BIASES ? w[B2] : 0), s1 = spread(BIASES ? w[B2 + 1] : 0);
        s0 = fma1(h10, w[Q], s0);
        s1 = fma1(h10, w[Q + 1], s1);
        s0 = fma1(h11, w[Q + 2], s0);
        s1 = fma1(h11, w[Q + 3], s1);
        s0 = fma1(h20, w[W2], s0);
        s1 = fma1(h20, w[W2 + 1], s1);
        s0 = fma1(h21, w[W2 + 2], s0);
        s1 = fma1(h21, w[W2 + 3], s1);
        h20 = tanh16(s0);
        h21 = tanh16(s1);
    }
    pair s = spread(BIASES ? w[C] : 0);
    store(y, fma1(h21, w[V + 1], fma1(h20, w[V], s)));
}
#else
INLINE void predict(const float *w, const float *x, float *y) {
    static float h1[2 * HIDDEN1 * LANES] __attribute__((aligned(32)));
    static float h2[2 * HIDDEN2 * LANES] __attribute__((aligned(32)));
    memset(h1, 0, sizeof h1 / 2);
    memset(h2, 0, sizeof h2 / 2);
    forward(w, x, h1, h2, y, 0);
}
#endif

/* out[i] = (sum_j d[j] m[i][j] + sum_k e[k] n[i][k]) (1 - h[i]^2) */
#define BACK(rows, d, nd, m, e, ne, n, h, out)                                                         \
    for (int i0 = 0; i0 < (rows); i0 += TILE(rows)) {                                                  \
        pair s[TILE(rows)];                                                                            \
        UNROLL for (int i = 0; i < TILE(rows); i++) s[i] = spread(0);                                  \
        UNROLL for (int j = 0; j < (nd); j++) {                                                        \
            const pair v = load((d) + j * LANES);                                                      \
            UNROLL for (int i = 0; i < TILE(rows); i++) s[i] = fma1(v, (m)[(i0 + i) * (nd) + j], s[i]); \
        }                                                                                              \
        UNROLL for (int j = 0; j < (ne); j++) {                                                        \
            const pair v = load((e) + j * LANES);                                                      \
            UNROLL for (int i = 0; i < TILE(rows); i++) s[i] = fma1(v, (n)[(i0 + i) * (ne) + j], s[i]); \
        }                                                                                              \
        UNROLL for (int i = 0; i < TILE(rows); i++) {                                                  \
            const pair v = load((h) + (i0 + i) * LANES);                                               \
            const __m256 one = _mm256_set1_ps(1);                                                      \
            s[i].a = _mm256_mul_ps(s[i].a, _mm256_fnmadd_ps(v.a, v.a, one));                           \
            s[i].b = _mm256_mul_ps(s[i].b, _mm256_fnmadd_ps(v.b, v.b, one));                           \
            store((out) + (i0 + i) * LANES, s[i]);                                                     \
        }                                                                                              \
    }

/* g[i][j] += sum_t a[t][i] d[t][j] for a tile of rows x columns, whose sums stay in registers; g has 8 lanes. */
#define TILE_OF_PRODUCTS(tile_rows, tile_columns, left, rows, right, columns, steps, g)                          \
    for (int i0 = 0; i0 < (rows); i0 += (tile_rows))                                                      \
        for (int j0 = 0; j0 < (columns); j0 += (tile_columns)) {                                          \
            pair s[tile_rows][tile_columns];                                                              \
            UNROLL for (int i = 0; i < (tile_rows); i++)                                                  \
                UNROLL for (int j = 0; j < (tile_columns); j++) s[i][j] = spread(0);                      \
            for (int t = 0; t < (steps); t++) {                                                           \
                const float *at = (left) + (t * (rows) + i0) * LANES, *dt = (right) + (t * (columns) + j0) * LANES; \
                UNROLL for (int i = 0; i < (tile_rows); i++) {                                            \
                    const pair v = load(at + i * LANES);                                                  \
                    UNROLL for (int j = 0; j < (tile_columns); j++) {                                     \
                        s[i][j].a = _mm256_fmadd_ps(v.a, _mm256_load_ps(dt + j * LANES), s[i][j].a);      \
                        s[i][j].b = _mm256_fmadd_ps(v.b, _mm256_load_ps(dt + j * LANES + 8), s[i][j].b);  \
                    }                                                                                     \
                }                                                                                         \
            }                                                                                             \
            UNROLL for (int i = 0; i < (tile_rows); i++)                                                  \
                UNROLL for (int j = 0; j < (tile_columns); j++) {                                         \
                    float *to = (g) + ((i0 + i) * (columns) + j0 + j) * 8;                                \
                    _mm256_store_ps(to, _mm256_add_ps(_mm256_load_ps(to), _mm256_add_ps(s[i][j].a, s[i][j].b))); \
                }                                                                                         \
        }
#define PRODUCTS(a, rows, d, columns, steps, g)                                  \
    if ((rows) % 3 == 0 && (columns) % 2 == 0) {                                \
        TILE_OF_PRODUCTS(3, 2, a, rows, d, columns, steps, g)                    \
    } else if ((rows) % 2 == 0 && (columns) % 2 == 0) {                          \
        TILE_OF_PRODUCTS(2, 2, a, rows, d, columns, steps, g)                    \
    } else {                                                                     \
        TILE_OF_PRODUCTS(1, 1, a, rows, d, columns, steps, g)                    \
    }

INLINE void sums(const float *d, int columns, int steps, float *g) {
    for (int j = 0; j < columns; j++) {
        __m256 s = _mm256_load_ps(g + j * 8);
        for (int t = 0; t < steps; t++) {
            const pair v = load(d + (t * columns + j) * LANES);
            s = _mm256_add_ps(s, _mm256_add_ps(v.a, v.b));
        }
        _mm256_store_ps(g + j * 8, s);
    }
}

static float h1[(STEPS + 1) * HIDDEN1 * LANES] __attribute__((aligned(64)));
static float h2[(STEPS + 1) * HIDDEN2 * LANES] __attribute__((aligned(64)));
static float d1[(STEPS + 1) * HIDDEN1 * LANES] __attribute__((aligned(64)));
static float d2[(STEPS + 1) * HIDDEN2 * LANES] __attribute__((aligned(64)));
static float y[OUTPUTS * LANES] __attribute__((aligned(64)));
static float dy[OUTPUTS * LANES] __attribute__((aligned(64)));
static float g[WEIGHTS * 8] __attribute__((aligned(64)));


INLINE void backward(const float *w, const float *x) {
    for (int t = STEPS - 1; t >= 0; t--) {
        float *e1 = d1 + t * HIDDEN1 * LANES, *e2 = d2 + t * HIDDEN2 * LANES;
        const float *f1 = e1 + HIDDEN1 * LANES, *f2 = e2 + HIDDEN2 * LANES;
        if (t == STEPS - 1) {
            BACK(HIDDEN2, dy, OUTPUTS, w + V, dy, 0, w, h2 + (t + 1) * HIDDEN2 * LANES, e2)
        } else {
            BACK(HIDDEN2, f2, HIDDEN2, w + W2, f2, 0, w, h2 + (t + 1) * HIDDEN2 * LANES, e2)
        }
        /* d1 has a row of zeros after its last. */
        BACK(HIDDEN1, e2, HIDDEN2, w + Q, f1, HIDDEN1, w + W1, h1 + (t + 1) * HIDDEN1 * LANES, e1)
    }
    PRODUCTS(x, INPUTS, d1, HIDDEN1, STEPS, g + U * 8)
    PRODUCTS(h1, HIDDEN1, d1, HIDDEN1, STEPS, g + W1 * 8)
    PRODUCTS(h1 + HIDDEN1 * LANES, HIDDEN1, d2, HIDDEN2, STEPS, g + Q * 8)
    PRODUCTS(h2, HIDDEN2, d2, HIDDEN2, STEPS, g + W2 * 8)
    PRODUCTS(h2 + STEPS * HIDDEN2 * LANES, HIDDEN2, dy, OUTPUTS, 1, g + V * 8)
    if (BIASES) {
        sums(d1, HIDDEN1, STEPS, g + B1 * 8);
        sums(d2, HIDDEN2, STEPS, g + B2 * 8);
        sums(dy, OUTPUTS, 1, g + C * 8);
    }
}

/* What KernelBenchmark wrote. */
static int32_t head[9];
static float first[WEIGHTS], w[WEIGHTS], leads[OUTPUTS], m[WEIGHTS], v[WEIGHTS];
static int blocks, stride;
static int32_t *order;
static float *x, *labels, *out;

static void *array(size_t count, size_t size, FILE *file) {
    void *p = aligned_alloc(64, (count * size + 63) / 64 * 64);
    if (!p || (file && fread(p, size, count, file) != count)) exit(2);
    return p;
}

static void read_case(const char *path) {
    const int32_t shape[6] = {STEPS, INPUTS, HIDDEN1, HIDDEN2, OUTPUTS, BIASES};
    FILE *file = fopen(path, "rb");
    if (!file || fread(head, sizeof head, 1, file) != 1 || memcmp(head, shape, sizeof shape)) {
        fprintf(stderr, "%s: not a case of this shape\n", path);
        exit(1);
    }
    blocks = head[6];
    stride = head[7] * LANES;
    if (fread(first, sizeof first, 1, file) != 1 || fread(leads, sizeof leads, 1, file) != 1) exit(2);
    order = array(blocks, 4, file);
    x = array((size_t)head[8] * LANES, 4, file);
    labels = array((size_t)blocks * OUTPUTS * LANES, 4, file);
    out = array((size_t)blocks * OUTPUTS * LANES, 4, NULL);
    fclose(file);
}

static __attribute__((noinline)) void predict_all(void) {
    for (int b = 0; b < blocks; b++) predict(first, x + (size_t)b * stride, out + (size_t)b * OUTPUTS * LANES);
}

static float sum8(__m256 v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* One epoch of Adam from the first weights; returns the mean loss. */
static __attribute__((noinline)) double epoch(void) {
    double loss = 0;
    long seen = 0;
    float power1 = 1, power2 = 1;
    memcpy(w, first, sizeof w);
    memset(m, 0, sizeof m);
    memset(v, 0, sizeof v);
    for (int b0 = 0; b0 < blocks; b0 += BATCH) {
        __m256 squares = _mm256_setzero_ps();
        int count = 0;
        memset(g, 0, sizeof g);
        for (int k = b0; k < b0 + BATCH && k < blocks; k++) {
            const float *xb = x + (size_t)order[k] * stride, *lb = labels + (size_t)order[k] * OUTPUTS * LANES;
            forward(w, xb, h1, h2, y, 1);
            for (int i = 0; i < OUTPUTS * LANES; i += 8) {
                const __m256 label = _mm256_load_ps(lb + i);
                const __m256 there = _mm256_cmp_ps(label, label, _CMP_ORD_Q);
                const __m256 error = _mm256_and_ps(_mm256_sub_ps(_mm256_load_ps(y + i), label), there);
                const __m256 d = _mm256_mul_ps(error, _mm256_set1_ps(leads[i / LANES]));
                squares = _mm256_fmadd_ps(error, d, squares);
                count += __builtin_popcount(_mm256_movemask_ps(there));
                _mm256_store_ps(dy + i, d);
            }
            backward(w, xb);
        }
        const float n = count > 0 ? count : 1;
        power1 *= 0.9f;
        power2 *= 0.999f;
        for (int i = 0; i < WEIGHTS; i++) {
            const float gradient = sum8(_mm256_load_ps(g + i * 8)) / n;
            m[i] = 0.9f * m[i] + 0.1f * gradient;
            v[i] = 0.999f * v[i] + 0.001f * gradient * gradient;
            w[i] -= 0.001f * (m[i] / (1 - power1)) / (sqrtf(v[i] / (1 - power2)) + 1e-8f);
        }
        loss += sum8(squares) / 2;
        seen += count;
    }
    return loss / seen;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
    char line[64];
    if (argc != 2) return 1;
    read_case(argv[1]);
    while (fgets(line, sizeof line, stdin)) {
        const double start = now();
        if (!strcmp(line, "predict\n")) {
            predict_all();
            printf("%.9f\n", now() - start);
        } else if (!strcmp(line, "epoch\n")) {
            const double loss = epoch();
            const double seconds = now() - start;
            printf("%.9f %.9g\n", seconds, loss);
        } else if (!strcmp(line, "outputs\n")) {
            fwrite(out, 4, (size_t)blocks * OUTPUTS * LANES, stdout);
        } else if (!strcmp(line, "weights\n")) {
            fwrite(w, 4, WEIGHTS, stdout);
        }
        fflush(stdout);
    }
    return 0;
}
