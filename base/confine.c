#define _GNU_SOURCE // O_PATH, syscall
#include "base/confine.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define WATCHED 1
#endif
#endif

#if defined(WATCHED)
// The sanitizers read /proc, run a symbolizer and trace themselves.
struct wg_confined wg_confine(const struct wg_confine *c, struct wg_buf *how) {
  (void)c;
  wg_buf_str(how, "not confined: a build with sanitizers");
  return (struct wg_confined){0};
}
long wg_landlock_version(void) { return -1; }
#elif !defined(__linux__) || !__has_include(<linux/landlock.h>)
struct wg_confined wg_confine(const struct wg_confine *c, struct wg_buf *how) {
  (void)c;
  wg_buf_str(how, "not confined: this system has neither Landlock nor seccomp");
  return (struct wg_confined){0};
}
long wg_landlock_version(void) { return -1; }
#else

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// --- files ---------------------------------------------------------------------------------------------

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define TRUNCATES (1ull << 14) // since ABI 3
#define FILES                                                                                                          \
  (READS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | TRUNCATES)

long wg_landlock_version(void) {
  long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi > 0 ? abi : 0;
}

// The rights that a version of Landlock knows, from linux/landlock.h.
static unsigned long long rights(long abi) {
  return ((1ull << 13) - 1) | (abi >= 2 ? 1ull << 13 : 0) | (abi >= 3 ? 1ull << 14 : 0);
}

static int allow(int rules, const char *path, unsigned long long what) {
  struct landlock_path_beneath_attr rule = {.allowed_access = what};
  rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
  struct stat st;
  if (rule.parent_fd < 0) return errno == ENOENT ? 0 : -1;
  if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode)) rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE;
  long rc = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  close(rule.parent_fd);
  return rc == 0 ? 0 : -1;
}

static int confine_files(const struct wg_confine *c, struct wg_buf *how) {
  long abi = wg_landlock_version();
  if (abi < 1) {
    wg_buf_printf(how, "files not confined: Landlock: %s", strerror(errno));
    return 0;
  }
  struct landlock_ruleset_attr attr = {.handled_access_fs = rights(abi)};
  int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
  bool ok = rules >= 0 && allow(rules, c->writable, attr.handled_access_fs) == 0;
  struct wg_buf above = {0}; // so that a folder in which nothing was made can go again
  wg_buf_printf(&above, "%s/..", c->writable);
  ok = ok && allow(rules, above.data, LANDLOCK_ACCESS_FS_REMOVE_DIR) == 0;
  wg_buf_release(&above);
  if (ok && c->files) ok = allow(rules, c->files, FILES & attr.handled_access_fs) == 0;
  for (size_t i = 0; ok && i < c->nreadable; i++)
    if (c->readable[i]) ok = allow(rules, c->readable[i], READS) == 0;
  ok = ok && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
  if (ok)
    wg_buf_printf(how, "files confined by Landlock (ABI %ld)", abi);
  else
    wg_buf_printf(how, "files not confined: Landlock: %s", strerror(errno));
  if (rules >= 0) close(rules);
  return ok ? (int)abi : 0;
}

// --- system calls ----------------------------------------------------------------------------------------

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef ARCH
// Memory, time, threads of one's own, files by name and by descriptor: no network, no other process, no new program.
static const int allowed[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_openat,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_lseek,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_getdents64,
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_ftruncate,
    SYS_fsync,
    SYS_fdatasync,
    SYS_fcntl,
    SYS_flock,
    SYS_fallocate,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getpid,
    SYS_gettid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getppid,
    SYS_tgkill,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_getrandom,
    SYS_uname,
    SYS_readlinkat,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_getcwd,
    SYS_ppoll,
    SYS_pselect6,
    SYS_sigaltstack,
    SYS_prlimit64,
    SYS_sysinfo,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_restart_syscall,
    SYS_rt_sigtimedwait,
    SYS_getrusage,
    SYS_statfs,
    SYS_fstatfs,
    SYS_rt_sigsuspend,
    SYS_timer_create,
    SYS_timer_settime,
    SYS_timer_delete,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_eventfd2,
    SYS_membarrier,
    SYS_fadvise64,
    SYS_copy_file_range,
    SYS_linkat,
    SYS_utimensat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_umask,
    SYS_setitimer,
    SYS_openat2,
    SYS_signalfd4,
    SYS_rt_sigpending,
#ifdef SYS_open
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_mkdir,
    SYS_unlink,
    SYS_rmdir,
    SYS_rename,
    SYS_access,
    SYS_readlink,
    SYS_dup2,
    SYS_pipe,
    SYS_poll,
    SYS_getdents,
    SYS_time,
    SYS_alarm,
    SYS_select,
    SYS_renameat,
    SYS_link,
    SYS_chmod,
    SYS_pause,
    SYS_getrlimit,
#endif
};
#define NALLOWED (sizeof allowed / sizeof *allowed)

// Besides, to serve who comes to a socket that listens: nothing that goes out by itself.
static const int accepting[] = {SYS_accept4, SYS_recvfrom, SYS_sendto, SYS_setsockopt};
#define NACCEPTING (sizeof accepting / sizeof *accepting)

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define IS(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(value), then, otherwise)
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)
#define REFUSE(error) ANSWER(SECCOMP_RET_ERRNO | (error))

static bool confine_calls(bool accepts, struct wg_buf *how) {
  struct sock_filter f[(NALLOWED + NACCEPTING) * 2 + 32];
  size_t n = 0;
  f[n++] = (struct sock_filter)LOAD(arch);
  f[n++] = (struct sock_filter)IS(ARCH, 1, 0);
  f[n++] = (struct sock_filter)REFUSE(ENOSYS);
  f[n++] = (struct sock_filter)LOAD(nr);
  for (size_t i = 0; i < NALLOWED; i++) {
    f[n++] = (struct sock_filter)IS(allowed[i], 0, 1);
    f[n++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
  }
  for (size_t i = 0; accepts && i < NACCEPTING; i++) {
    f[n++] = (struct sock_filter)IS(accepting[i], 0, 1);
    f[n++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
  }
  // Threads, which the C library falls back to clone for; no processes.
  f[n++] = (struct sock_filter)IS(SYS_clone3, 0, 1);
  f[n++] = (struct sock_filter)REFUSE(ENOSYS);
  f[n++] = (struct sock_filter)IS(SYS_clone, 0, 4);
  f[n++] = (struct sock_filter)LOAD(args[0]);
  f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
  f[n++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
  f[n++] = (struct sock_filter)REFUSE(EPERM);
  // Of the terminal, whether it is one and its size.
  f[n++] = (struct sock_filter)IS(SYS_ioctl, 0, 4);
  f[n++] = (struct sock_filter)LOAD(args[1]);
  f[n++] = (struct sock_filter)IS(0x5401, 1, 0); // TCGETS
  f[n++] = (struct sock_filter)IS(TIOCGWINSZ, 0, 1);
  f[n++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
  f[n++] = (struct sock_filter)REFUSE(EPERM);
  struct sock_fprog program = {.len = (unsigned short)n, .filter = f};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
    wg_buf_printf(how, "system calls not confined: seccomp: %s", strerror(errno));
    return false;
  }
  wg_buf_str(how, "system calls confined by seccomp");
  return true;
}
#else
static bool confine_calls(bool accepts, struct wg_buf *how) {
  (void)accepts;
  wg_buf_str(how, "system calls not confined: not known for this processor");
  return false;
}
#endif

struct wg_confined wg_confine(const struct wg_confine *c, struct wg_buf *how) {
  // What the cryptographic library reads when it is first used.
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size;
  OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
  EVP_Digest("", 0, digest, &size, EVP_sha256(), NULL);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    wg_buf_printf(how, "not confined: %s", strerror(errno));
    return (struct wg_confined){0};
  }
  struct wg_confined held = {.landlock = confine_files(c, how)};
  wg_buf_str(how, "; ");
  held.seccomp = confine_calls(c->accepts, how);
  return held;
}

#endif
