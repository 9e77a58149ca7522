import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { accepts, type Engine, freePort, startEngine, temporaryFolder } from './process.ts'

export interface Sshd extends Engine {
  readonly port: number
  readonly user: string
  /** The private key that may sign in. */
  readonly key: string
  /** The host's public key line. */
  readonly hostKey: string
}

/** Starts OpenSSH's server for this very user, with keys of its own. */
export async function startSshd(): Promise<Sshd> {
  const folder = temporaryFolder('sshd')
  const at = (name: string) => join(folder.path, name)
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)])
  // Where it drops its privileges, on Debian.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const port = await freePort()
  const settings = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${at('host')}`,
    `PidFile ${at('pid')}`,
    `AuthorizedKeysFile ${at('user.pub')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin yes',
    'AllowStreamLocalForwarding yes',
  ]
  writeFileSync(at('config'), `${settings.join('\n')}\n`)
  const engine = await startEngine({
    command: '/usr/sbin/sshd',
    args: ['-D', '-e', '-f', at('config')],
    ready: () => accepts(port),
    cleanUp: () => folder[Symbol.dispose](),
  })
  const text = (name: string) => readFileSync(at(name), 'utf8')
  return { ...engine, port, user: userInfo().username, key: text('user'), hostKey: text('host.pub').trim() }
}
