import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Engine, freePort, ownerIds, startEngine, temporaryFolder } from './process.ts'
import { run } from './tools.ts'

export interface Freeradius extends Engine {
  readonly port: number
}

export interface FreeradiusOptions {
  readonly secret: string
  /** Clear passwords by user name, in its `files` module. */
  readonly users: Readonly<Record<string, string>>
  /** Put before the command, such as `taskset`. */
  readonly prefix?: readonly string[]
}

/** Starts FreeRADIUS with `files` and `pap` on loopback; ready when it answers Status-Server. */
export async function startFreeradius({ secret, users, prefix = [] }: FreeradiusOptions): Promise<Freeradius> {
  const folder = temporaryFolder('freeradius')
  const port = await freePort()
  const write = (name: string, text: string) => {
    const file = join(folder.path, name)
    writeFileSync(file, text)
    if (owner !== undefined) chownSync(file, owner.uid, owner.gid)
  }
  const owner = process.getuid?.() === 0 ? ownerIds('freerad') : undefined
  if (owner !== undefined) chownSync(folder.path, owner.uid, owner.gid)
  const lines = Object.entries(users).map(([name, password]) => `${name} Cleartext-Password := "${password}"\n`)
  write('users', lines.join(''))
  write('dictionary', '')
  write('radiusd.conf', configuration(folder.path, port, secret))
  const [command = '', ...args] = [...prefix, 'freeradius', '-d', folder.path, '-f', '-l', 'stdout']
  const engine = await startEngine({
    command,
    args,
    ready: async () => {
      const options = { input: 'Message-Authenticator=0x00' }
      return (await run('radclient', ['-r', '1', '-t', '1', `127.0.0.1:${port}`, 'status', secret], options)).code === 0
    },
    cleanUp: () => folder[Symbol.dispose](),
    ...owner,
  })
  return { ...engine, port }
}

/** One thread, as one process of ours has; requests and rejections are not logged, rejections not delayed. */
const configuration = (folder: string, port: number, secret: string) => `
prefix = /usr
libdir = /usr/lib/freeradius
logdir = ${folder}
run_dir = ${folder}
pidfile = ${folder}/pid
max_requests = 65536
cleanup_delay = 5
security {
  reject_delay = 0
  status_server = yes
}
thread pool {
  start_servers = 1
  max_servers = 1
  min_spare_servers = 1
  max_spare_servers = 1
}
modules {
  files {
    usersfile = ${folder}/users
  }
  pap {
  }
}
client loopback {
  ipaddr = 127.0.0.1
  secret = "${secret}"
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  authorize {
    files
    pap
  }
  authenticate {
    pap
  }
}
`
