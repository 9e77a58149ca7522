import type { StartConfig } from '#controllers/config/start-config.ts'
import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import { addressText, isAtLocalhost, reachableAddress, shownAddress } from '#schema/kernel/listen-address.ts'
import type { ListenAddress } from '#schema/kernel/settings.ts'
import { GENERATED, type Generated } from '#schema/wire/process-messages.ts'

export type ShownOutpost = Pick<DeployableOutpost, 'name' | 'type'>

export interface Shown {
  /** The types of outposts that run. */
  readonly types: ReadonlySet<ShownOutpost['type']>
  readonly generated: readonly Generated[]
  readonly version: string
}

/** What a person needs to know once everything runs: where, who, and what to try. */
export function summaryText(config: StartConfig, { types, generated, version }: Shown): string {
  const { core, sample, local } = config
  const lines = [`Martello ${version} is running.`, '', ...table(rows(config, types))]
  const open = [
    ...(types.has('proxy') ? [sampleText(local.proxy.http)] : []),
    `http://${shownAddress(core.http)}  (your applications)`,
  ]
  if (sample.enabled)
    lines.push(
      '',
      ...open.map((where, index) => (index === 0 ? 'Open' : '').padEnd(10) + where),
      'Sign in   demo (may open everything), guest (nothing), akadmin (the administrator)',
    )
  if (generated.length > 0)
    lines.push(
      '',
      'Generated now and shown only this once:',
      ...table(generated.map(({ name, value }) => [name, value])),
    )
  const tries = sample.enabled ? commands(local, { types, generated }) : []
  if (tries.length > 0) lines.push('', 'Try', '', ...tries)
  return [...lines, '', 'Ctrl-C stops everything.'].join('\n')
}

function rows({ core, local, dataDir }: StartConfig, types: Shown['types']): (readonly [string, string])[] {
  const { proxy, ldap, radius } = local
  const names = `http://*.localhost:${proxy.http.port}${isAtLocalhost(proxy.http) ? '' : ` at ${proxy.http.host}`}`
  const outposts: readonly (readonly [ShownOutpost['type'], string, string])[] = [
    ['proxy', 'proxy outpost', `${names}  ${more(proxy.http, { HTTPS: proxy.https, metrics: proxy.metrics })}`],
    [
      'ldap',
      'LDAP outpost',
      `ldap://${shownAddress(ldap.ldap)}  ${more(ldap.ldap, { LDAPS: ldap.ldaps, metrics: ldap.metrics })}`,
    ],
    [
      'radius',
      'RADIUS outpost',
      `${addressText(radius.radius)}/udp  ${more(radius.radius, { metrics: radius.metrics })}`,
    ],
  ]
  return [
    ['core', `http://${shownAddress(core.http)}  ${more(core.http, { HTTPS: core.https, metrics: core.metrics })}`],
    ...outposts.filter(([type]) => types.has(type)).map(([, name, where]) => [name, where] as const),
    ['data', dataDir],
  ]
}

function sampleText(proxy: ListenAddress): string {
  const condition = isAtLocalhost(proxy) ? '' : `, where that name leads to ${proxy.host}`
  return `http://sample.localhost:${proxy.port}  (the sample application, behind the proxy outpost${condition})`
}

/** Sockets beside the first one; of those on the same address the port says enough. */
function more({ host }: ListenAddress, others: Readonly<Record<string, ListenAddress>>): string {
  const texts = Object.entries(others).map(
    ([name, address]) => `${name} ${address.host === host ? address.port : addressText(address)}`,
  )
  return `(${texts.join(', ')})`
}

/** The commands as they are pasted into a shell, for what runs: what is not known any more is asked for. */
function commands(
  { proxy, ldap, radius }: StartConfig['local'],
  { types, generated }: Pick<Shown, 'types' | 'generated'>,
): string[] {
  const base = 'dc=ldap,dc=goauthentik,dc=io'
  const known = (name: string) => generated.find((each) => each.name === name)?.value
  const variable = (name: string, value: string | undefined, what: string) =>
    value === undefined ? `  read -rs ${name}  # ${what}` : `  ${name}=${value}`
  const connectTo = isAtLocalhost(proxy.http)
    ? ''
    : `--connect-to ${word(`::${addressText(proxy.http).replace(/\d+$/, '')}`)} `
  const all: readonly (readonly [needed: readonly ShownOutpost['type'][], line: string])[] = [
    [['ldap', 'radius'], variable('PASSWORD', known(GENERATED.samplePassword), 'the password of demo')],
    [['radius'], variable('SECRET', known(GENERATED.sampleRadiusSecret), 'the RADIUS shared secret')],
    [['proxy'], `  curl -sI ${connectTo}http://sample.localhost:${proxy.http.port}/ | grep -i ^location`],
    [
      ['ldap'],
      `  ldapsearch -x -LLL -H ${word(`ldap://${shownAddress(ldap.ldap)}`)} -D cn=demo,ou=users,${base} -w "$PASSWORD" -b ${base} cn`,
    ],
    [
      ['radius'],
      `  echo "User-Name=demo,User-Password=$PASSWORD,Message-Authenticator=0x00" | radclient ${word(addressText(reachableAddress(radius.radius)))} auth "$SECRET"`,
    ],
  ]
  return all.filter(([needed]) => needed.some((type) => types.has(type))).map(([, line]) => line)
}

/** Quoted where a shell may take it for a pattern. */
function word(text: string): string {
  return text.includes('[') ? `'${text}'` : text
}

function table(lines: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
}
