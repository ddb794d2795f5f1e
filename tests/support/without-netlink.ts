import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from './parts.ts';

const compiler = program('gcc', 'install the packages gcc and libc6-dev');

const source = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>
int socket(int family, int type, int protocol) {
  if (family == AF_NETLINK) { errno = EAFNOSUPPORT; return -1; }
  return ((int (*)(int, int, int))dlsym(RTLD_NEXT, "socket"))(family, type, protocol);
}`;

let library: string | undefined;

/** The variable under which a program gets no netlink socket, as a unit's RestrictAddressFamilies= has it. */
export const withoutNetlink = {
  part: compiler,
  variable(): string {
    if (library === undefined) {
      const folder = mkdtempSync(join(tmpdir(), 'lk-netlink-'));
      process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
      library = join(folder, 'without-netlink.so');
      execFileSync(compiler.path ?? '', ['-shared', '-fPIC', '-x', 'c', '-o', library, '-'], {
        input: source,
      });
    }
    return `LD_PRELOAD=${library}`;
  },
};
