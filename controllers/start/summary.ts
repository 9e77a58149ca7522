import type { StartConfig } from '#controllers/config/start-config.ts'

export interface Generated {
  readonly name: string
  readonly value: string
}

/** What a person needs to know once everything runs: where, who, and what to try. */
export function summaryText(
  { core, sample, local, dataDir }: StartConfig,
  generated: readonly Generated[],
  version: string,
): string {
  const { http } = core
  const rows: ReadonlyArray<readonly [string, string]> = [
    ['core', `http://localhost:${http.port}  (HTTPS ${core.https.port}, metrics ${core.metrics.port})`],
    [
      'proxy outpost',
      `http://*.localhost:${local.proxy.http.port}  (HTTPS ${local.proxy.https.port}, metrics ${local.proxy.metrics.port})`,
    ],
    [
      'LDAP outpost',
      `ldap://localhost:${local.ldap.ldap.port}  (LDAPS ${local.ldap.ldaps.port}, metrics ${local.ldap.metrics.port})`,
    ],
    [
      'RADIUS outpost',
      `${local.radius.radius.host}:${local.radius.radius.port}/udp  (metrics ${local.radius.metrics.port})`,
    ],
    ['data', dataDir],
  ]
  const lines = [`Martello ${version} is running.`, '', ...table(rows)]
  if (sample.enabled)
    lines.push(
      '',
      `Open      http://sample.localhost:${local.proxy.http.port}  (the sample application, behind the proxy outpost)`,
      `          http://localhost:${http.port}  (your applications)`,
      'Sign in   demo (may open everything), guest (nothing), akadmin (the administrator)',
    )
  if (generated.length > 0)
    lines.push(
      '',
      'Generated now and shown only this once:',
      ...table(generated.map(({ name, value }) => [name, value])),
    )
  if (sample.enabled)
    lines.push(
      '',
      'Try       (with the password of demo as PASSWORD and the RADIUS shared secret as SECRET)',
      '',
      ...commands(local),
    )
  return [...lines, '', 'Ctrl-C stops everything.'].join('\n')
}

function commands({ proxy, ldap, radius }: StartConfig['local']): string[] {
  const base = 'dc=ldap,dc=goauthentik,dc=io'
  return [
    `  curl -sI http://sample.localhost:${proxy.http.port}/ | grep -i ^location`,
    `  ldapsearch -x -LLL -H ldap://localhost:${ldap.ldap.port} -D cn=demo,ou=users,${base} -w "$PASSWORD" -b ${base} cn`,
    `  echo "User-Name=demo,User-Password=$PASSWORD,Message-Authenticator=0x00" | radclient 127.0.0.1:${radius.radius.port} auth "$SECRET"`,
  ]
}

function table(rows: ReadonlyArray<readonly [string, string]>): string[] {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
}
