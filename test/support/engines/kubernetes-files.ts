import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Who may talk to the API server: its name and the groups it belongs to. */
const USERS = {
  /** May do everything. */
  admin: 'system:masters',
  /** May do what a test binds it to. */
  controller: '',
  /** May read what the role `view` lets it read. */
  viewer: '',
  'kube-controller-manager': 'system:masters',
  'kube-scheduler': 'system:masters',
  kubelet: 'system:masters',
} as const

export type KubernetesUser = keyof typeof USERS

export const tokenOf = (user: KubernetesUser) => `token-of-${user}-0123456789`

/** What the API server reads at its start; returns its arguments for them. */
export function writeServerFiles(folder: string): readonly string[] {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const tokens = Object.entries(USERS).map(([user, group]) => [tokenOf(user as KubernetesUser), user, user, group])
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = write('service-accounts.key', privateKey.export({ type: 'sec1', format: 'pem' }) as string)
  return [
    `--token-auth-file=${write('tokens.csv', tokens.map((token) => `${token.join(',')}\n`).join(''))}`,
    `--service-account-signing-key-file=${key}`,
    `--service-account-key-file=${key}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--audit-policy-file=${write('audit-policy.json', JSON.stringify(AUDIT_POLICY))}`,
    `--audit-log-path=${join(folder, 'audit.log')}`,
    '--audit-log-maxsize=10000',
  ]
}

const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
}

/** A kubeconfig; JSON is YAML too. */
export function kubeconfigOf(server: string, ca: string, user: KubernetesUser): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: user, user: { token: tokenOf(user) } }],
    contexts: [{ name: user, context: { cluster: 'test', user, namespace: 'default' } }],
    'current-context': user,
  })
}

/** One request that the API server answered (a watch: began to answer). */
export interface AuditEntry {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; lower-case method elsewhere. */
  readonly verb: string
  readonly user: string
  readonly userAgent: string
  readonly uri: string
  /** The API group; empty for the core's. */
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly code: number
}

const auditFile = (folder: string) => join(folder, 'audit.log')

/** The octets that are in it so far. */
export const auditSize = (folder: string): number => statSync(auditFile(folder), { throwIfNoEntry: false })?.size ?? 0

/** The requests from this octet on, oldest first. */
export function readAuditLog(folder: string, from: number): readonly AuditEntry[] {
  const file = auditFile(folder)
  const entries = new Map<string, AuditEntry>()
  // A line may be half-written at this moment.
  const lines = existsSync(file) ? readFileSync(file).toString('utf8', from).split('\n').slice(0, -1) : []
  for (const line of lines) {
    const { auditID, verb, user, userAgent = '', requestURI, objectRef = {}, responseStatus } = JSON.parse(line)
    entries.set(auditID, {
      verb,
      user: user.username,
      userAgent,
      uri: requestURI,
      group: objectRef.apiGroup ?? '',
      resource: objectRef.resource ?? '',
      subresource: objectRef.subresource ?? '',
      namespace: objectRef.namespace ?? '',
      name: objectRef.name ?? '',
      code: responseStatus?.code ?? 0,
    })
  }
  return [...entries.values()]
}
