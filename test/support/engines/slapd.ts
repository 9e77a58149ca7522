import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts, type Engine, freePort, startEngine, temporaryFolder } from './process.ts'
import { run } from './tools.ts'

export interface Slapd extends Engine {
  readonly port: number
}

export interface SlapdOptions {
  readonly suffix: string
  /** The entries to begin with, the suffix itself included. */
  readonly ldif: string
  /** Attributes with an equality index besides objectClass. */
  readonly indexed?: readonly string[]
  /** Put before the command, such as `taskset`. */
  readonly prefix?: readonly string[]
}

/** Starts OpenLDAP's slapd on loopback over an mdb database of its own; ready when it accepts. */
export async function startSlapd({ suffix, ldif, indexed = ['cn', 'uid'], prefix = [] }: SlapdOptions): Promise<Slapd> {
  const folder = temporaryFolder('slapd')
  const port = await freePort()
  mkdirSync(join(folder.path, 'data'))
  const config = join(folder.path, 'slapd.conf')
  writeFileSync(config, configuration(folder.path, suffix, ['objectClass', ...indexed]))
  const entries = join(folder.path, 'entries.ldif')
  writeFileSync(entries, ldif)
  const added = await run('slapadd', ['-q', '-f', config, '-l', entries])
  if (added.code !== 0) throw new Error(`slapadd: ${added.text}`)
  const [command = '', ...args] = [...prefix, 'slapd', '-d', '0', '-f', config, '-h', `ldap://127.0.0.1:${port}`]
  const engine = await startEngine({
    command,
    args,
    ready: () => accepts(port),
    cleanUp: () => folder[Symbol.dispose](),
  })
  return { ...engine, port }
}

const configuration = (folder: string, suffix: string, indexed: readonly string[]) => `
${['core', 'cosine', 'inetorgperson', 'nis'].map((name) => `include /etc/ldap/schema/${name}.schema`).join('\n')}
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${folder}/pid
loglevel 0
database mdb
suffix "${suffix}"
directory ${folder}/data
maxsize 1073741824
dbnosync
${indexed.map((name) => `index ${name} eq`).join('\n')}
`
