// LDAP search and cached bind: the outpost, slapd (mdb), and a bare socket, in one run.
// `node test/bench/ldap.ts [SECONDS] [USERS]`; needs Debian's slapd.
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { accepts, type Engine, freePort, startEngine } from '#test/support/engines/process.ts'
import { startSlapd } from '#test/support/engines/slapd.ts'

const [, , seconds = '5', users = '10000'] = process.argv
const WARM_UP_SECONDS = '2'
const onCore = (core: number) => (availableParallelism() > 1 ? ['taskset', '-c', String(core)] : [])
const script = (name: string) => join(import.meta.dirname, name)

async function ours(kind: 'martello' | 'bare'): Promise<Engine & { readonly port: number }> {
  const port = await freePort()
  const [command = '', ...args] = [...onCore(0), process.execPath, script('ldap-server.ts'), kind, String(port), users]
  const engine = await startEngine({ command, args, ready: () => accepts(port) })
  return Object.assign(engine, { port })
}

function load(port: number, forSeconds: string, kind: string) {
  const [command = '', ...args] = [
    ...onCore(1),
    process.execPath,
    script('ldap-load.ts'),
    String(port),
    forSeconds,
    kind,
    users,
  ]
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8' })) as {
    answered: number
    entries: number
    refused: number
    seconds: number
  }
}

function ldif(): string {
  const salt = randomBytes(8)
  const hash = createHash('sha1').update('secret').update(salt).digest()
  const password = `{SSHA}${Buffer.concat([hash, salt]).toString('base64')}`
  const top =
    'dn: dc=example,dc=com\nobjectClass: top\nobjectClass: domain\ndc: example\n\ndn: ou=users,dc=example,dc=com\nobjectClass: organizationalUnit\nou: users\n'
  const entry = (index: number) =>
    `dn: cn=user${index},ou=users,dc=example,dc=com\nobjectClass: inetOrgPerson\ncn: user${index}\nuid: user${index}\nsn: User ${index}\ndisplayName: User ${index}\nmail: user${index}@example.com\nuserPassword: ${password}\n`
  return [top, ...Array.from({ length: Number(users) }, (_, index) => entry(index))].join('\n')
}

const servers: ReadonlyArray<[name: string, start: () => Promise<Engine & { readonly port: number }>]> = [
  ['bare socket', () => ours('bare')],
  ['slapd mdb', () => startSlapd({ suffix: 'dc=example,dc=com', ldif: ldif(), prefix: onCore(0) })],
  ['Martello LDAP outpost', () => ours('martello')],
]
const rates = new Map<string, number>()
console.log(
  `LDAP, ${users} users, 16 connections, ${seconds} s each, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`,
)
for (const kind of ['search', 'bind'])
  for (const [name, start] of servers) {
    await using server = await start()
    load(server.port, WARM_UP_SECONDS, kind)
    const { answered, entries, refused, seconds: took } = load(server.port, seconds, kind)
    if (refused > 0 || (kind === 'search' && name !== 'bare socket' && entries < answered - 16))
      throw new Error(`${name} answered ${refused} with an error, ${entries} entries for ${answered}`)
    rates.set(`${kind} ${name}`, answered / took)
    const own = name.startsWith('Martello')
    const ratios = own
      ? servers
          .slice(0, 2)
          .map(([other]) => `${(answered / took / rates.get(`${kind} ${other}`)!).toFixed(2)} × ${other}`)
      : []
    console.log(
      `${kind.padEnd(7)}${name.padEnd(24)}${Math.round(answered / took)}/s${own ? `; ${ratios.join(', ')}` : ''}`,
    )
  }
