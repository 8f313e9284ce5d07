/* Counts a process's calls that touch given folders or the network, in one order over all its threads, writes them
 * down, and ends the process or makes a call fail at the one that was asked for.
 *
 * Preloaded, it is idle until told what to do: by the variables SHIM_TRACE, SHIM_ROOTS, SHIM_MODE, SHIM_AT and
 * SHIM_DATA, or by a call of shim_begin in a process that was forked with it.
 *
 *   SHIM_TRACE  file to append to:  C <number> <file number> <kind> <thread> <offset> <length> <flags> <data> <path>
 *               [-> <path>] before a call, R <number> <result> <errno> after it; fields are divided by tabs
 *   SHIM_ROOTS  folders, divided by colons; a call that touches nothing under them passes unseen, and so does a socket
 *               that is not of the internet: asyncio wakes itself by one, and what is outside never sees that
 *   SHIM_MODE   record; kill (before the call), sent (after it); full-once, full-ever, broken-once, broken-ever
 *   SHIM_AT     number of the call: of all for kill, of those that send for sent, of those to files for the others.
 *               After a file's call is before the next one; only what was sent lives on elsewhere in between
 *   SHIM_DATA   file to append what is written and sent to; <data> is the place in it, or -1
 *
 * A call to a file holds a lock until it has returned, so a line's place in the trace is its place in time.
 * The calls themselves are made as system calls: no symbol of libc has to be found behind ours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if __SIZEOF_LONG__ != 8
#error "offsets are passed in one register: this needs a 64-bit machine"
#endif

enum mode { IDLE, RECORD, KILL, SENT, FAIL };

static enum mode mode = IDLE;
static int forever, failure, trace = -1, data = -1;
static long at, number, file_number, send_number, data_length;
static char roots[4 * PATH_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct call {
    const char *kind;
    int file;
    long number;
    long offset, length, flags;
    const struct iovec *vectors;
    int count;
    char path[2 * PATH_MAX], other[2 * PATH_MAX];
};

static void put(int to, const void *bytes, size_t length) {
    const char *from = bytes;
    while (length > 0) {
        long done = syscall(SYS_write, to, from, length);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) abort(); /* a trace with holes would prove nothing */
        from += done;
        length -= (size_t)done;
    }
}

static void end_process(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

static int under_roots(const char *path) {
    for (const char *root = roots; *root;) {
        size_t length = strcspn(root, ":");
        if (length && !strncmp(path, root, length) && (path[length] == '/' || !path[length])) return 1;
        root += length + (root[length] == ':');
    }
    return 0;
}

static int path_of(int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

static void resolve(int folder, const char *name, char *path) {
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return;
    }
    char base[PATH_MAX + 1] = "";
    if (folder == AT_FDCWD) {
        if (!getcwd(base, PATH_MAX)) return;
    } else {
        path_of(folder, base);
    }
    snprintf(path, 2 * PATH_MAX, "%s/%s", base, name);
}

static int of_internet(int descriptor) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (syscall(SYS_getsockname, descriptor, &address, &length)) return 0;
    return address.ss_family == AF_INET || address.ss_family == AF_INET6;
}

/* Say whether a call by descriptor is one of ours, and name what it touches. */
static int by_descriptor(struct call *call, const char *kind, int descriptor) {
    if (mode == IDLE || !path_of(descriptor, call->path)) return 0;
    call->kind = kind;
    call->file = call->path[0] == '/';
    call->offset = call->length = -1;
    if (call->file) return under_roots(call->path);
    return !strncmp(call->path, "socket:", 7) && of_internet(descriptor);
}

static int by_name(struct call *call, const char *kind, int folder, const char *name) {
    if (mode == IDLE || !name) return 0;
    resolve(folder, name, call->path);
    call->kind = kind;
    call->file = 1;
    call->offset = call->length = -1;
    return under_roots(call->path);
}

static long keep_data(const struct call *call) {
    if (data < 0 || !call->count) return -1;
    long place = data_length;
    for (int i = 0; i < call->count; i++) {
        put(data, call->vectors[i].iov_base, call->vectors[i].iov_len);
        data_length += (long)call->vectors[i].iov_len;
    }
    return place;
}

/* Number and write down a call; 0 where it is to be made, else it has failed. The lock is held for a file. */
static int before(struct call *call) {
    char line[5 * PATH_MAX];
    pthread_mutex_lock(&lock);
    call->number = ++number;
    long which = call->file ? ++file_number : 0;
    int length = snprintf(line, sizeof line, "C\t%ld\t%ld\t%s\t%d\t%ld\t%ld\t%ld\t%ld\t%s%s%s\n", call->number, which,
                          call->kind, (int)syscall(SYS_gettid), call->offset, call->length, call->flags,
                          keep_data(call), call->path, call->other[0] ? "\t->\t" : "", call->other);
    put(trace, line, (size_t)length);
    if (mode == KILL && number == at) end_process();
    if (mode == FAIL && call->file && (which == at || (forever && which > at))) {
        length = snprintf(line, sizeof line, "R\t%ld\t-1\t%d\n", call->number, failure);
        put(trace, line, (size_t)length);
        pthread_mutex_unlock(&lock);
        errno = failure;
        return -1;
    }
    if (!call->file) pthread_mutex_unlock(&lock); /* it may wait for the other side */
    return 0;
}

static long after(struct call *call, long result) {
    char line[96];
    int error = errno;
    if (!call->file) pthread_mutex_lock(&lock);
    int length = snprintf(line, sizeof line, "R\t%ld\t%ld\t%d\n", call->number, result, result < 0 ? error : 0);
    put(trace, line, (size_t)length);
    if (mode == SENT && !strcmp(call->kind, "send") && ++send_number == at) end_process();
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

void shim_begin(const char *folders, const char *trace_file, const char *how, long which, const char *data_file) {
    snprintf(roots, sizeof roots, "%s", folders);
    at = which;
    forever = strstr(how, "-ever") != NULL;
    failure = strncmp(how, "full", 4) ? EIO : ENOSPC;
    trace = (int)syscall(SYS_openat, AT_FDCWD, trace_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (data_file && *data_file)
        data = (int)syscall(SYS_openat, AT_FDCWD, data_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (trace < 0) abort();
    mode = !strcmp(how, "record") ? RECORD : !strcmp(how, "kill") ? KILL : !strcmp(how, "sent") ? SENT : FAIL;
}

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("SHIM_TRACE"), *which = getenv("SHIM_AT"), *how = getenv("SHIM_MODE");
    if (file) shim_begin(getenv("SHIM_ROOTS"), file, how ? how : "record", which ? atol(which) : 0, getenv("SHIM_DATA"));
    if (file) unsetenv("LD_PRELOAD"); /* what this process starts is not part of it */
}

#define FAIL_OR(call, made) (before(&(call)) ? -1 : after(&(call), (made)))

/* files by name */

static int open_at(int folder, const char *name, int flags, mode_t permissions) {
    struct call call = {0};
    if (!(flags & (O_CREAT | O_TRUNC)) || !by_name(&call, "open", folder, name))
        return (int)syscall(SYS_openat, folder, name, flags, permissions);
    struct stat there; /* offset: whether the file was there; length: how long it was */
    int found = !syscall(SYS_newfstatat, folder, name, &there, 0);
    call.offset = found;
    call.length = found ? (long)there.st_size : 0;
    call.flags = flags;
    return (int)FAIL_OR(call, syscall(SYS_openat, folder, name, flags, permissions));
}

#define PERMISSIONS(flags, last)                          \
    mode_t permissions = 0;                               \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {              \
        va_list list;                                     \
        va_start(list, last);                             \
        permissions = (mode_t)va_arg(list, unsigned int); \
        va_end(list);                                     \
    }

int open(const char *name, int flags, ...) {
    PERMISSIONS(flags, flags)
    return open_at(AT_FDCWD, name, flags, permissions);
}
int open64(const char *name, int flags, ...) {
    PERMISSIONS(flags, flags)
    return open_at(AT_FDCWD, name, flags, permissions);
}
int openat(int folder, const char *name, int flags, ...) {
    PERMISSIONS(flags, flags)
    return open_at(folder, name, flags, permissions);
}
int openat64(int folder, const char *name, int flags, ...) {
    PERMISSIONS(flags, flags)
    return open_at(folder, name, flags, permissions);
}
int __open_2(const char *name, int flags) { return open_at(AT_FDCWD, name, flags, 0); }
int __open64_2(const char *name, int flags) { return open_at(AT_FDCWD, name, flags, 0); }
int __openat_2(int folder, const char *name, int flags) { return open_at(folder, name, flags, 0); }
int __openat64_2(int folder, const char *name, int flags) { return open_at(folder, name, flags, 0); }
int creat(const char *name, mode_t permissions) {
    return open_at(AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC, permissions);
}
int creat64(const char *name, mode_t permissions) { return creat(name, permissions); }

static int rename_at(int folder, const char *name, int to, const char *target, unsigned flags) {
    struct call call = {0};
    if (!by_name(&call, "rename", folder, name)) return (int)syscall(SYS_renameat2, folder, name, to, target, flags);
    resolve(to, target, call.other);
    return (int)FAIL_OR(call, syscall(SYS_renameat2, folder, name, to, target, flags));
}
int rename(const char *name, const char *target) { return rename_at(AT_FDCWD, name, AT_FDCWD, target, 0); }
int renameat(int folder, const char *name, int to, const char *target) {
    return rename_at(folder, name, to, target, 0);
}
int renameat2(int folder, const char *name, int to, const char *target, unsigned flags) {
    return rename_at(folder, name, to, target, flags);
}

static int link_at(int folder, const char *name, int to, const char *target, int flags) {
    struct call call = {0};
    if (!by_name(&call, "link", folder, name)) return (int)syscall(SYS_linkat, folder, name, to, target, flags);
    resolve(to, target, call.other);
    return (int)FAIL_OR(call, syscall(SYS_linkat, folder, name, to, target, flags));
}
int link(const char *name, const char *target) { return link_at(AT_FDCWD, name, AT_FDCWD, target, 0); }
int linkat(int folder, const char *name, int to, const char *target, int flags) {
    return link_at(folder, name, to, target, flags);
}

static int unlink_at(int folder, const char *name, int flags) {
    struct call call = {0};
    if (!by_name(&call, flags & AT_REMOVEDIR ? "rmdir" : "unlink", folder, name))
        return (int)syscall(SYS_unlinkat, folder, name, flags);
    return (int)FAIL_OR(call, syscall(SYS_unlinkat, folder, name, flags));
}
int unlink(const char *name) { return unlink_at(AT_FDCWD, name, 0); }
int unlinkat(int folder, const char *name, int flags) { return unlink_at(folder, name, flags); }
int rmdir(const char *name) { return unlink_at(AT_FDCWD, name, AT_REMOVEDIR); }

static int mkdir_at(int folder, const char *name, mode_t permissions) {
    struct call call = {0};
    if (!by_name(&call, "mkdir", folder, name)) return (int)syscall(SYS_mkdirat, folder, name, permissions);
    return (int)FAIL_OR(call, syscall(SYS_mkdirat, folder, name, permissions));
}
int mkdir(const char *name, mode_t permissions) { return mkdir_at(AT_FDCWD, name, permissions); }
int mkdirat(int folder, const char *name, mode_t permissions) { return mkdir_at(folder, name, permissions); }

/* files and sockets by descriptor */

static long total(const struct iovec *vectors, int count) {
    long sum = 0;
    for (int i = 0; i < count; i++) sum += (long)vectors[i].iov_len;
    return sum;
}

/* offset -1: where the descriptor stands */
static ssize_t write_at(const char *kind, int descriptor, const struct iovec *vectors, int count, off_t offset) {
    struct call call = {0};
    int ours = by_descriptor(&call, kind, descriptor);
    if (ours) {
        if (!call.file) call.kind = "send";
        call.offset = (long)offset;
        if (call.file && offset < 0) {
            struct stat now;
            long flags = syscall(SYS_fcntl, descriptor, F_GETFL);
            call.offset = syscall(SYS_lseek, descriptor, 0L, SEEK_CUR);
            if ((flags & O_APPEND) && !syscall(SYS_fstat, descriptor, &now)) call.offset = (long)now.st_size;
        }
        call.length = total(vectors, count);
        call.vectors = vectors;
        call.count = count;
        if (before(&call)) return -1;
    }
    long done = offset < 0 ? syscall(SYS_writev, descriptor, vectors, count)
                           : syscall(SYS_pwritev, descriptor, vectors, count, offset, 0L);
    return ours ? after(&call, done) : done;
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
    if (mode == IDLE) return syscall(SYS_write, descriptor, bytes, length);
    struct iovec vector = {(void *)bytes, length};
    return write_at("write", descriptor, &vector, 1, -1);
}
ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
    if (mode == IDLE) return syscall(SYS_pwrite64, descriptor, bytes, length, offset);
    struct iovec vector = {(void *)bytes, length};
    return write_at("pwrite", descriptor, &vector, 1, offset);
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off_t offset) {
    return pwrite(descriptor, bytes, length, offset);
}
ssize_t writev(int descriptor, const struct iovec *vectors, int count) {
    return write_at("write", descriptor, vectors, count, -1);
}
ssize_t pwritev(int descriptor, const struct iovec *vectors, int count, off_t offset) {
    return write_at("pwrite", descriptor, vectors, count, offset);
}
ssize_t pwritev64(int descriptor, const struct iovec *vectors, int count, off_t offset) {
    return write_at("pwrite", descriptor, vectors, count, offset);
}

int ftruncate(int descriptor, off_t length) {
    struct call call = {0};
    if (!by_descriptor(&call, "ftruncate", descriptor)) return (int)syscall(SYS_ftruncate, descriptor, length);
    call.length = (long)length;
    return (int)FAIL_OR(call, syscall(SYS_ftruncate, descriptor, length));
}
int ftruncate64(int descriptor, off_t length) { return ftruncate(descriptor, length); }

int fsync(int descriptor) {
    struct call call = {0};
    if (!by_descriptor(&call, "fsync", descriptor)) return (int)syscall(SYS_fsync, descriptor);
    return (int)FAIL_OR(call, syscall(SYS_fsync, descriptor));
}
int fdatasync(int descriptor) {
    struct call call = {0};
    if (!by_descriptor(&call, "fdatasync", descriptor)) return (int)syscall(SYS_fdatasync, descriptor);
    return (int)FAIL_OR(call, syscall(SYS_fdatasync, descriptor));
}

static long begin_talk(struct call *call, const char *kind, int descriptor, long length) {
    if (!by_descriptor(call, kind, descriptor) || call->file) return 0;
    call->length = length;
    return !before(call);
}

static long begin_send(struct call *call, int descriptor, const struct iovec *vectors, int count) {
    call->vectors = vectors;
    call->count = count;
    return begin_talk(call, "send", descriptor, total(vectors, count));
}

ssize_t sendto(int to, const void *bytes, size_t length, int flags, const struct sockaddr *address, socklen_t size) {
    struct call call = {0};
    struct iovec vector = {(void *)bytes, length};
    long ours = begin_send(&call, to, &vector, 1);
    long done = syscall(SYS_sendto, to, bytes, length, flags, address, size);
    return ours ? after(&call, done) : done;
}
ssize_t send(int to, const void *bytes, size_t length, int flags) { return sendto(to, bytes, length, flags, NULL, 0); }
ssize_t sendmsg(int to, const struct msghdr *message, int flags) {
    struct call call = {0};
    long ours = begin_send(&call, to, message->msg_iov, (int)message->msg_iovlen);
    long done = syscall(SYS_sendmsg, to, message, flags);
    return ours ? after(&call, done) : done;
}

ssize_t recvfrom(int from, void *bytes, size_t length, int flags, struct sockaddr *address, socklen_t *size) {
    struct call call = {0};
    long ours = begin_talk(&call, "recv", from, (long)length);
    long done = syscall(SYS_recvfrom, from, bytes, length, flags, address, size);
    return ours ? after(&call, done) : done;
}
ssize_t recv(int from, void *bytes, size_t length, int flags) {
    return recvfrom(from, bytes, length, flags, NULL, NULL);
}
ssize_t __recv_chk(int from, void *bytes, size_t length, size_t room, int flags) {
    (void)room;
    return recvfrom(from, bytes, length, flags, NULL, NULL);
}
ssize_t __recvfrom_chk(int from, void *bytes, size_t length, size_t room, int flags, struct sockaddr *address,
                       socklen_t *size) {
    (void)room;
    return recvfrom(from, bytes, length, flags, address, size);
}
ssize_t recvmsg(int from, struct msghdr *message, int flags) {
    struct call call = {0};
    long ours = begin_talk(&call, "recv", from, total(message->msg_iov, (int)message->msg_iovlen));
    long done = syscall(SYS_recvmsg, from, message, flags);
    return ours ? after(&call, done) : done;
}
