// Tells ThreadSanitizer of the slow way of Synchronization.Mutex, which lies in the toolchain's own library and is not
// instrumented: whoever had to wait for a mutex would seem not to have synchronised with the one who held it. The fast way is
// compiled into our code, and seen. Preloaded by Tests/Sanitizer/run; without effect in programs that have no ThreadSanitizer.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

typedef __attribute__((swiftcall)) void Lock(uint32_t state, __attribute__((swift_context)) void *handle);
typedef __attribute__((swiftcall)) void Unlock(__attribute__((swift_context)) void *handle);

// Synchronization._MutexHandle._lockSlow(UInt32) and ._unlockSlow().
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

Lock lock_slow __asm__(LOCK);
Unlock unlock_slow __asm__(UNLOCK);

__attribute__((swiftcall)) void lock_slow(uint32_t state, __attribute__((swift_context)) void *handle) {
    static Lock *next;
    if (!__atomic_load_n(&next, __ATOMIC_RELAXED))
        __atomic_store_n(&next, (Lock *)dlsym(RTLD_NEXT, LOCK), __ATOMIC_RELAXED);
    next(state, handle);
    if (__tsan_acquire) __tsan_acquire(handle);
}

__attribute__((swiftcall)) void unlock_slow(__attribute__((swift_context)) void *handle) {
    static Unlock *next;
    if (!__atomic_load_n(&next, __ATOMIC_RELAXED))
        __atomic_store_n(&next, (Unlock *)dlsym(RTLD_NEXT, UNLOCK), __ATOMIC_RELAXED);
    if (__tsan_release) __tsan_release(handle);
    next(handle);
}
