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
const textsByName: Check = (value) =>
  isJsonObject(value) && Object.values(value).every((each) => texts(each) === undefined)
    ? undefined
    : 'should be lists of texts by name'
const base64: Check = (value) =>
  typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value)
    ? undefined
    : 'should be base64'
const refused =
  (why: string): Check =>
  () =>
    why
const unknown = refused('this field is not known')
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
  'as-user-extra': textsByName,
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
const SECTIONS: readonly [clusters: Section, users: Section, contexts: Section] = [
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

/** What is empty is as good as absent: clients write such fields, and read nothing in them. */
function fieldsProblem(path: string, value: JsonObject, checks: Checks): string | undefined {
  for (const [name, each] of Object.entries(value)) {
    const check = Object.hasOwn(checks, name) ? checks[name]! : unknown
    const problem = each === null || each === '' ? undefined : check(each)
    if (problem !== undefined) return `${path}${shown(name)}: ${problem}`
  }
  return undefined
}

/** A field's name comes from outside: not all of it is repeated. */
const shown = (name: string): string => (/^[\w.-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, 64)))

function sectionProblem(entries: unknown, { list, item, checks }: Section): string | undefined {
  if (!Array.isArray(entries)) return `${list}: should be a list`
  if (entries.length > MAX_ENTRIES) return `${list}: should have no more than ${MAX_ENTRIES} entries`
  const names = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const path = `${list}[${index}]`
    if (!isJsonObject(entry)) return `${path}: should be an object`
    const { name, [item]: content } = entry
    if (!isName(name)) return `${path}.name: should be a text of 1 to ${MAX_NAME} characters`
    if (names.has(name)) return `${path}.name: is there twice`
    names.add(name)
    if (!isJsonObject(content)) return `${path}.${item}: should be an object`
    const problem =
      fieldsProblem(`${path}.`, entry, { name: anything, [item]: anything }) ??
      fieldsProblem(`${path}.${item}.`, content, checks)
    if (problem !== undefined) return problem
  }
  return undefined
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_NAME && text(value) === undefined

/** The current context leads to a cluster with a server, and to a user. */
function contextProblem(config: JsonObject): string | undefined {
  const wanted = config['current-context']
  const context = contentOf(config, SECTIONS[2], wanted)
  if (context === undefined) return 'current-context: should name one of contexts'
  const server = contentOf(config, SECTIONS[0], context['cluster'])?.['server']
  if (typeof server !== 'string' || server === '') return 'current-context: should lead to a cluster with a server'
  if (contentOf(config, SECTIONS[1], context['user']) === undefined) return 'current-context: should lead to a user'
  return undefined
}

function contentOf(config: JsonObject, { list, item }: Section, name: unknown): JsonObject | undefined {
  const entry = (config[list] as readonly JsonObject[]).find((each) => each['name'] === name)
  return entry?.[item] as JsonObject | undefined
}
