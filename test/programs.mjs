// The real programs that the suites talk to: which command proves each, and the Debian package that brings it.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @type {ReadonlyArray<{ file: string, debian: string }>} */
export const PROGRAMS = [
  { file: '/usr/sbin/nginx', debian: 'nginx-light' },
  { file: '/usr/bin/caddy', debian: 'caddy' },
  { file: '/usr/sbin/haproxy', debian: 'haproxy' },
  { file: '/usr/bin/curl', debian: 'curl' },
  { file: '/usr/bin/ldapsearch', debian: 'ldap-utils' },
  { file: '/usr/bin/radclient', debian: 'freeradius-utils' },
  { file: '/usr/bin/chromium', debian: 'chromium' },
  { file: '/usr/lib/postgresql/*/bin/postgres', debian: 'postgresql' },
  { file: '/usr/sbin/dockerd', debian: 'docker.io' },
  { file: '/usr/bin/docker-compose', debian: 'docker-compose' },
  { file: '/bin/busybox', debian: 'busybox-static' },
  { file: '/usr/bin/openssl', debian: 'openssl' },
  { file: '/usr/sbin/sshd', debian: 'openssh-server' },
  { file: '/usr/bin/etcd', debian: 'etcd-server' },
  // By which a kubelet on Docker forwards ports.
  { file: '/usr/bin/socat', debian: 'socat' },
  // What Kubernetes is built with (test/support/kubernetes-build.mjs).
  { file: '/usr/bin/go', debian: 'golang-go' },
  { file: '/usr/bin/rsync', debian: 'rsync' },
  { file: '/usr/bin/jq', debian: 'jq' },
  { file: '/usr/bin/make', debian: 'make' },
]

/** `*` stands for one folder name (Debian puts each PostgreSQL major into its own). */
function isThere(file) {
  const [before, after] = file.split('/*/')
  if (after === undefined) return existsSync(file)
  return existsSync(before) && readdirSync(before).some((name) => existsSync(join(before, name, after)))
}

/** The programs that this machine lacks. */
export const missingPrograms = () => PROGRAMS.filter(({ file }) => !isThere(file))

const run = (command, args) =>
  spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status === 0

/** Installs what is missing where that is allowed (root, apt); returns what is missing after that. */
export function installPrograms() {
  const missing = missingPrograms()
  if (missing.length === 0 || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return missing
  console.error(`Installing ${missing.map(({ debian }) => debian).join(', ')} …`)
  // Servers are started by the tests themselves, on ports of their own; none may start with its package.
  const policy = '/usr/sbin/policy-rc.d'
  if (!existsSync(policy)) {
    writeFileSync(policy, '#!/bin/sh\nexit 101\n')
    chmodSync(policy, 0o755)
  }
  const install = () =>
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing.map(({ debian }) => debian)])
  run('apt-get', ['update', '-qq'])
  if (!install()) install()
  return missingPrograms()
}
