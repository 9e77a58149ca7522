// A kubeconfig (client.authentication v1 Config of client-go) as it may be stored: everything is in it. What runs a
// command, reads a file of the machine that uses it, or is not known is refused: a controller acts on what is pasted here.
import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'

const MAX_CHARACTERS = 256 * 1024
const MAX_ENTRIES = 100
const MAX_NAME = 253

type Check = (value: unknown) => string | undefined

const text: Check = (value) =>
  typeof value === 'string' && !/[\0\r\n]/.test(value) ? undefined : 'should be a text of one line'
const bool: Check = (value) => (typeof value === 'boolean' ? undefined : 'should be true or false')
const texts: Check = (value) =>
  Array.isArray(value) && value.every((each) => text(each) === undefined) ? undefined : 'should be a list of texts'
const anything: Check = () => undefined
const object: Check = (value) => (isJsonObject(value) ? undefined : 'should be an object')
const base64: Check = (value) =>
  typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value)
    ? undefined
    : 'should be base64'
const refused =
  (why: string): Check =>
  () =>
    why
const file = (instead: string) => refused(`files are not read; use ${instead}`)
const command = refused('commands are not run; use a token or client-certificate-data')

const address =
  (schemes: readonly string[]): Check =>
  (value) => {
    const url = typeof value === 'string' ? URL.parse(value) : null
    if (url === null || !schemes.includes(url.protocol)) return `should be a URL (${schemes.join(', ')})`
    return url.username === '' && url.password === '' ? undefined : 'should hold no credentials'
  }

type Checks = Readonly<Record<string, Check>>

const CLUSTER: Checks = {
  server: address(['https:', 'http:']),
  'certificate-authority-data': base64,
  'certificate-authority': file('certificate-authority-data'),
  'insecure-skip-tls-verify': bool,
  'tls-server-name': text,
  'proxy-url': address(['https:', 'http:', 'socks5:']),
  'disable-compression': bool,
  extensions: anything,
}
const USER: Checks = {
  token: text,
  tokenFile: file('token'),
  username: text,
  password: text,
  'client-certificate-data': base64,
  'client-certificate': file('client-certificate-data'),
  'client-key-data': base64,
  'client-key': file('client-key-data'),
  exec: command,
  'auth-provider': command,
  as: text,
  'as-uid': text,
  'as-groups': texts,
  'as-user-extra': object,
  extensions: anything,
}
const CONTEXT: Checks = { cluster: text, user: text, namespace: text, extensions: anything }
const TOP: Checks = {
  apiVersion: (value) => (value === 'v1' ? undefined : 'should be v1'),
  kind: (value) => (value === 'Config' ? undefined : 'should be Config'),
  preferences: anything,
  extensions: anything,
  clusters: anything,
  users: anything,
  contexts: anything,
  'current-context': text,
}

interface Section {
  readonly list: string
  readonly item: string
  readonly checks: Checks
}
const SECTIONS: readonly Section[] = [
  { list: 'clusters', item: 'cluster', checks: CLUSTER },
  { list: 'users', item: 'user', checks: USER },
  { list: 'contexts', item: 'context', checks: CONTEXT },
]

/** The first thing that keeps a kubeconfig from being used, with the field's name; never a value of it. */
export function kubeconfigProblem(config: JsonObject): string | undefined {
  if (JSON.stringify(config).length > MAX_CHARACTERS) return `should be no longer than ${MAX_CHARACTERS} characters`
  const problem = fieldsProblem('', config, TOP)
  if (problem !== undefined) return problem
  for (const section of SECTIONS) {
    const wrong = sectionProblem(config[section.list], section)
    if (wrong !== undefined) return wrong
  }
  return contextProblem(config)
}

function fieldsProblem(path: string, value: unknown, checks: Checks): string | undefined {
  if (!isJsonObject(value)) return `${path}: should be an object`
  for (const [name, each] of Object.entries(value)) {
    const check = Object.hasOwn(checks, name) ? checks[name]! : refused('this field is not known')
    const problem = each === null ? undefined : check(each)
    const isEmpty = each === '' || each === null
    if (problem !== undefined && !isEmpty) return `${path === '' ? '' : `${path}.`}${name}: ${problem}`
  }
  return undefined
}

function sectionProblem(entries: unknown, { list, item, checks }: Section): string | undefined {
  if (!Array.isArray(entries)) return `${list}: should be a list`
  if (entries.length > MAX_ENTRIES) return `${list}: should have no more than ${MAX_ENTRIES} entries`
  const names = new Set<unknown>()
  for (const [index, entry] of entries.entries()) {
    const path = `${list}[${index}]`
    const problem =
      fieldsProblem(path, entry, { name: nameProblem, [item]: anything }) ??
      nameProblem((entry as JsonObject)['name'], path) ??
      fieldsProblem(`${path}.${item}`, (entry as JsonObject)[item], checks)
    if (problem !== undefined) return problem
    const { name } = entry as JsonObject
    if (names.has(name)) return `${path}.name: is there twice`
    names.add(name)
  }
  return undefined
}
