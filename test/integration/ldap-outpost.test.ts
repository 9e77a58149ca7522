import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, suite, test } from 'node:test'
import type { FlowClient, FlowOutcome } from '#outposts/flow/flow-client.ts'
import { BerReader, BerTag, encodeInteger, encodeText, encodeValue } from '#outposts/ldap/codec/ber.ts'
import { encodeFilter, type Filter } from '#outposts/ldap/codec/filter.ts'
import { MessageFramer } from '#outposts/ldap/codec/framing.ts'
import { LdapServer } from '#outposts/ldap/server/ldap-server.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { run } from '#test/support/engines/tools.ts'
import { outpostHost } from '#test/support/outpost-host.ts'

const BASE = 'dc=ldap,dc=goauthentik,dc=io'
const dn = (name: string) => `cn=${name},ou=users,${BASE}`
const user = (pk: number, username: string, more: object = {}) => ({
  pk,
  username,
  name: `${username} Name`,
  is_active: true,
  is_superuser: false,
  email: `${username}@example.com`,
  uid: `uid-${pk}`,
  groups: ['g-staff'],
  attributes: {},
  ...more,
})
const USERS = [
  user(1, 'demo'),
  user(2, 'admin'),
  user(3, 'star*name'),
  user(4, 'comma, name', { attributes: { cn: 'forged', phone: ['1', '2'] } }),
]
const GROUPS = [
  { pk: 'g-staff', num_pk: 11111, name: 'staff', is_superuser: false, users: [1, 2, 3, 4], attributes: {} },
]
const PROVIDERS = ['direct', 'cached'].map((mode, index) => ({
  pk: index + 1,
  name: mode,
  base_dn: mode === 'cached' ? BASE.toUpperCase() : `dc=direct,${BASE}`,
  bind_flow_slug: 'flow',
  application_slug: mode,
  search_group: 'g-search',
  search_mode: mode,
  bind_mode: mode,
  mfa_support: true,
}))

/** What the core would answer; a test may make it answer otherwise. */
let login: (username: string, password: string) => FlowOutcome
let logins = 0
const allowed = (username: string): FlowOutcome => {
  const { pk, uid } = USERS.find((each) => each.username === username)!
  return {
    kind: 'allowed',
    user: { pk, uid, username, groups: username === 'admin' ? [{ pk: 'g-search', name: 'search' }] : [] },
    sessionExpires: undefined,
  }
}
const ordinary = (username: string, password: string): FlowOutcome =>
  password === 'right' && USERS.some((each) => each.username === username)
    ? allowed(username)
    : { kind: 'denied', reason: 'invalid_credentials' }

const page = (results: unknown[]) => ({
  kind: 'ok' as const,
  status: 200,
  etag: undefined,
  body: { pagination: { next: 0 }, results },
})
const core: CoreClient = {
  async request({ path }) {
    if (path === '/outposts/ldap/') return page(PROVIDERS)
    if (path === '/core/users/') return page(USERS)
    return page(GROUPS)
  },
}
const flows: FlowClient = {
  async login({ username, password, code }) {
    logins++
    return code === undefined ? login(username, password) : { kind: 'denied', reason: 'invalid_credentials' }
  },
}

let server: LdapServer
let port: number
before(async () => {
  server = new LdapServer(await outpostHost({ core, flows }))
  login = ordinary
  await server.configure({ pk: 'o', name: 'ldap', config: {} }, undefined)
  await server.listen()
  port = server.ports[0]!
})
after(() => server.close(AbortSignal.timeout(100)))

/** A client that speaks octets. */
class Client {
  readonly socket: Socket
  readonly #framer = new MessageFramer()
  #wake = () => {}
  isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.#framer.push(chunk as Buffer)
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
      this.#wake()
    })
  }

  static async open(): Promise<Client> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Client(socket)
  }

  send(...messages: Buffer[]): void {
    this.socket.write(Buffer.concat(messages))
  }

  /** The next answer: its id, the tag of its operation, its result code. Undefined when the server hangs up. */
  async next(): Promise<{ id: number; tag: number; code: number } | undefined> {
    for (;;) {
      const octets = this.#framer.next(1 << 24)
      if (octets !== undefined) {
        const envelope = new BerReader(octets).enter(BerTag.Sequence)
        const id = envelope.integer(0, 2 ** 31 - 1)
        const tag = envelope.nextTag!
        const body = envelope.enter(tag)
        return { id, tag, code: body.nextTag === BerTag.Enumerated ? body.integer(0, 200, BerTag.Enumerated) : -1 }
      }
      if (this.isClosed) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async bind(name: string, password: string, id = 1): Promise<number> {
    this.send(bind(id, name, password))
    return (await this.next())!.code
  }

  /** How many entries are found, and the result code. */
  async search(filter: Filter, options: SearchOptions = {}): Promise<{ count: number; code: number }> {
    this.send(searchMessage(2, filter, options))
    for (let count = 0; ; count++) {
      const answer = (await this.next())!
      if (answer.tag === 0x65) return { count, code: answer.code }
    }
  }
}

interface SearchOptions {
  base?: string
  sizeLimit?: number
  controls?: Buffer
}

const message = (id: number, ...parts: Buffer[]) => encodeValue(0x30, encodeInteger(id), ...parts)
const bind = (id: number, name: string, password: string) =>
  message(id, encodeValue(0x60, encodeInteger(3), encodeText(name), encodeText(password, 0x80)))
const searchMessage = (
  id: number,
  filter: Filter,
  { base = BASE, sizeLimit = 0, controls = Buffer.alloc(0) }: SearchOptions = {},
) =>
  message(
    id,
    encodeValue(
      0x63,
      encodeText(base),
      encodeInteger(2, 0x0a),
      encodeInteger(0, 0x0a),
      encodeInteger(sizeLimit),
      encodeInteger(0),
      Buffer.from([1, 1, 0]),
      encodeFilter(filter),
      encodeValue(0x30),
    ),
    controls,
  )
const equality = (attribute: string, value: string): Filter => ({
  kind: 'equality',
  attribute,
  value: Buffer.from(value),
})
const present = (attribute: string): Filter => ({ kind: 'present', attribute })

async function bound(name: string): Promise<Client> {
  const client = await Client.open()
  assert.equal(await client.bind(dn(name), 'right'), 0)
  return client
}

suite('bind', () => {
  const cases: ReadonlyArray<[what: string, name: string, password: string, code: number]> = [
    ['the right password', dn('demo'), 'right', 0],
    ['another case of the name', dn('demo').toUpperCase().replace('CN=DEMO', 'CN=demo'), 'right', 0],
    ['a name with an escaped comma', `cn=comma\\, name,ou=users,${BASE}`, 'right', 0],
    ['a wrong password', dn('demo'), 'wrong', 49],
    ['nobody', dn('nobody'), 'right', 49],
    ['LD-08: a name without a password', dn('demo'), '', 53],
    ['LD-08: a password without a name', '', 'right', 53],
    ['LD-08: nobody in particular', '', '', 0],
    ['LD-28: no component boundary', `cn=demo,ou=users,dc=evil${BASE}`, 'right', 49],
    ['LD-28: without ou=users', `cn=demo,${BASE}`, 'right', 49],
    ['LD-28: deeper', `cn=demo,cn=x,ou=users,${BASE}`, 'right', 49],
    ['LD-28: an e-mail address', 'demo@example.com', 'right', 34],
    ['LD-12: a second attribute in the name', `cn=demo+uid=admin,ou=users,${BASE}`, 'right', 49],
  ]
  for (const [what, name, password, code] of cases)
    test(`${what} is ${code}`, async () => assert.equal(await (await Client.open()).bind(name, password), code))

  test('a right bind is answered from memory, a wrong one never', async () => {
    await bound('demo')
    const before = logins
    await bound('demo')
    assert.equal(logins, before)
    assert.equal(await (await Client.open()).bind(dn('demo'), 'wrong'), 49)
    assert.ok(logins > before)
  })

  test('LD-24: a core that cannot be asked is 52, and nothing is remembered', async () => {
    try {
      login = () => ({ kind: 'unavailable', reason: '502' })
      assert.equal(await (await Client.open()).bind(dn('star\\2aname'), 'right'), 52)
    } finally {
      login = ordinary
    }
    assert.equal(await (await Client.open()).bind(dn('star\\2aname'), 'wrong'), 49)
  })

  test('LD-09: after a revocation the core is asked again, and the connection is gone', async () => {
    const client = await bound('demo')
    server.revoke([
      {
        sequence: 1,
        kind: 'user',
        user: { pk: 1, uid: 'uid-1', username: 'demo' },
        reason: 'deactivated',
        at: Date.now(),
      },
    ])
    assert.equal((await client.next())?.tag, 0x78)
    assert.equal(await client.next(), undefined)
    try {
      login = () => ({ kind: 'denied', reason: 'invalid_credentials' })
      assert.equal(await (await Client.open()).bind(dn('demo'), 'right'), 49)
    } finally {
      login = ordinary
    }
  })

  test('LD-26: a failed or anonymous re-bind leaves nobody', async () => {
    for (const [name, password] of [
      [dn('admin'), 'wrong'],
      ['', ''],
    ] as const) {
      const client = await bound('admin')
      await client.bind(name, password)
      assert.equal((await client.search(present('objectClass'))).code, 50)
    }
  })

  test('LD-17: a password that looks like one with a code is a password first', async () => {
    try {
      login = (username, password) =>
        password === 'right;123456' ? allowed(username) : { kind: 'denied', reason: 'invalid_credentials' }
      assert.equal(await (await Client.open()).bind(dn('demo'), 'right;123456'), 0)
      assert.equal(await (await Client.open()).bind(dn('admin'), 'right;654321'), 49)
    } finally {
      login = ordinary
    }
  })
})

suite('search', () => {
  test('somebody in the search group sees all, anybody else only themselves', async () => {
    assert.equal((await (await bound('admin')).search(equality('objectClass', 'user'))).count, 4)
    assert.equal((await (await bound('demo')).search(equality('objectClass', 'user'))).count, 1)
  })

  test('LD-10: what may not be seen cannot be asked for either', async () => {
    const client = await bound('demo')
    assert.equal((await client.search(equality('mail', 'admin@example.com'))).count, 0)
    assert.equal((await client.search(equality('member', dn('admin')))).count, 0)
    assert.equal((await client.search(present('userPassword'))).count, 0)
    assert.equal((await client.search(present('cn'), { base: dn('admin') })).code, 32)
  })

  const substrings = (initial: string | undefined, any: string[], final: string | undefined): Filter => ({
    kind: 'substrings',
    attribute: 'cn',
    initial: initial === undefined ? undefined : Buffer.from(initial),
    any: any.map((part) => Buffer.from(part)),
    final: final === undefined ? undefined : Buffer.from(final),
  })
  const cn = (filter: Filter): Filter => ({ kind: 'and', filters: [equality('objectClass', 'user'), filter] })
  const filters: ReadonlyArray<[what: string, filter: Filter, count: number]> = [
    ['LD-27: every part of a substring counts', cn(substrings('d', ['e', 'm'], 'x')), 0],
    ['LD-27: parts in their order', cn(substrings('d', ['e'], 'o')), 1],
    ['LD-27: parts do not overlap', cn(substrings('dem', [], 'mo')), 0],
    ['LD-27: an escaped star is a star', cn(equality('cn', 'star*name')), 1],
    ['LD-27: a star in an equality is not a wildcard', cn(equality('cn', 'd*o')), 0],
    ['an attribute cannot take the place of identity', cn(equality('cn', 'forged')), 0],
    ['several values', equality('phone', '2'), 1],
    [
      'not',
      { kind: 'and', filters: [equality('objectClass', 'user'), { kind: 'not', filter: equality('cn', 'demo') }] },
      3,
    ],
    ['not of what nobody knows is not true', { kind: 'not', filter: equality('noSuchAttribute', 'x') }, 0],
    [
      'the empty and',
      { kind: 'and', filters: [equality('objectClass', 'posixGroup'), { kind: 'and', filters: [] }] },
      5,
    ],
    ['the empty or', { kind: 'or', filters: [] }, 0],
    ['a number at least', cn({ kind: 'greaterOrEqual', attribute: 'uidNumber', value: Buffer.from('2003') }), 2],
    ['a number at most', cn({ kind: 'lessOrEqual', attribute: 'uidNumber', value: Buffer.from('2001') }), 1],
    ['memberOf by any spelling', cn(equality('memberOf', `CN=Staff, OU=groups,${BASE}`)), 4],
    ['LD-11: memberOf of no group', equality('memberOf', `cn=none,ou=groups,${BASE}`), 0],
    ['LD-13: what looks like a filter is a value', equality('cn', '*)(cn=*'), 0],
  ]
  for (const [what, filter, count] of filters)
    test(what, async () => assert.deepEqual(await (await bound('admin')).search(filter), { count, code: 0 }))

  const codes: ReadonlyArray<[what: string, options: SearchOptions, code: number]> = [
    ["LD-27: the client's size limit", { sizeLimit: 1 }, 4],
    ['a base that does not exist', { base: `ou=nowhere,${BASE}` }, 32],
    ['a base of no directory', { base: 'dc=elsewhere' }, 32],
    ['a base that is no name', { base: 'nonsense' }, 34],
    ['LD-20: the directory of another provider', { base: `dc=direct,${BASE}` }, 50],
  ]
  for (const [what, options, code] of codes)
    test(`${what} is ${code}`, async () =>
      assert.equal((await (await bound('admin')).search(present('objectClass'), options)).code, code))

  test('LD-25: a critical control that nobody knows, without a value and before a bind', async () => {
    const control = encodeValue(0xa0, encodeValue(0x30, encodeText('1.2.3.4'), Buffer.from([1, 1, 0xff])))
    const client = await Client.open()
    assert.equal((await client.search(present('cn'), { controls: control })).code, 12)
  })

  test('nobody in particular sees the root DSE and the schema, and nothing else', async () => {
    const client = await Client.open()
    client.send(
      message(
        2,
        encodeValue(
          0x63,
          encodeText(''),
          encodeInteger(0, 0x0a),
          encodeInteger(0, 0x0a),
          encodeInteger(0),
          encodeInteger(0),
          Buffer.from([1, 1, 0]),
          encodeFilter(present('objectClass')),
          encodeValue(0x30),
        ),
      ),
    )
    assert.equal((await client.next())?.tag, 0x64)
    assert.equal((await client.next())?.code, 0)
    assert.equal((await client.search(present('cn'))).code, 50)
  })
})

suite('messages', () => {
  const octets = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
  const fatal: ReadonlyArray<[what: string, octets: Buffer]> = [
    ['LD-01: a length of 2 GiB', octets('30 84 7f ff ff ff 02 01 01')],
    ['LD-01: a length of five octets', octets('30 85 00 00 00 00 05 02 01 01')],
    ['LD-01: an indefinite length', octets('30 80 02 01 01 00 00')],
    ['LD-01: a child longer than its parent', octets('30 07 02 01 01 04 82 ff ff')],
    ['no sequence', octets('31 05 02 01 01 42 00')],
    ['LD-06: message id 0', message(0, encodeValue(0x63))],
    ['LD-06: a negative message id', octets('30 05 02 01 ff 42 00')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ]
  for (const [what, sent] of fatal)
    test(`${what} ends the connection with a notice`, async () => {
      const client = await Client.open()
      client.send(sent)
      assert.deepEqual(await client.next(), { id: 0, tag: 0x78, code: 2 })
      assert.equal(await client.next(), undefined)
    })

  const nested = (depth: number): Filter => (depth === 0 ? present('cn') : { kind: 'not', filter: nested(depth - 1) })
  const answered: ReadonlyArray<[what: string, sent: () => Buffer, tag: number, code: number]> = [
    ['LD-02: a filter nested too deeply', () => searchMessage(5, nested(200)), 0x65, 2],
    [
      'LD-04: a filter of too many terms',
      () => searchMessage(5, { kind: 'or', filters: Array.from({ length: 2000 }, () => present('cn')) }),
      0x65,
      2,
    ],
    ['LD-07: add', () => message(5, encodeValue(0x68, encodeText(dn('x')), encodeValue(0x30))), 0x69, 53],
    ['LD-07: modify', () => message(5, encodeValue(0x66, encodeText(dn('x')), encodeValue(0x30))), 0x67, 53],
    ['LD-07: delete', () => message(5, encodeText(dn('x'), 0x4a)), 0x6b, 53],
    ['LD-07: rename', () => message(5, encodeValue(0x6c, encodeText(dn('x')))), 0x6d, 53],
    ['LD-07: an unknown extended operation', () => message(5, encodeValue(0x77, encodeText('1.2.3', 0x80))), 0x78, 2],
    [
      'LD-08: version 2',
      () => message(5, encodeValue(0x60, encodeInteger(2), encodeText(''), encodeText('', 0x80))),
      0x61,
      2,
    ],
    [
      'LD-08: SASL',
      () => message(5, encodeValue(0x60, encodeInteger(3), encodeText(''), encodeValue(0xa3, encodeText('PLAIN')))),
      0x61,
      7,
    ],
  ]
  for (const [what, sent, tag, code] of answered)
    test(`${what} is answered with ${code}, and the connection lives`, async () => {
      const client = await Client.open()
      client.send(sent())
      assert.deepEqual(await client.next(), { id: 5, tag, code })
      assert.equal(await client.bind(dn('demo'), 'right', 6), 0)
    })

  test('LD-05: octets one at a time', async () => {
    const client = await Client.open()
    for (const octet of bind(9, dn('demo'), 'right')) client.send(Buffer.from([octet]))
    assert.deepEqual(await client.next(), { id: 9, tag: 0x61, code: 0 })
  })

  test('LD-06: requests sent together are answered in their order', async () => {
    const client = await Client.open()
    client.send(
      bind(1, dn('admin'), 'right'),
      searchMessage(2, equality('cn', 'demo')),
      bind(3, '', ''),
      searchMessage(4, present('cn')),
    )
    const seen: string[] = []
    for (let i = 0; i < 6; i++) {
      const { id, code } = (await client.next())!
      seen.push(`${id}:${code}`)
    }
    assert.deepEqual(seen, ['1:0', '2:-1', '2:-1', '2:0', '3:0', '4:50'])
  })

  test('LD-19: what follows StartTLS in the clear is not believed', async () => {
    const startTls = message(1, encodeValue(0x77, encodeText('1.3.6.1.4.1.1466.20037', 0x80)))
    const client = await Client.open()
    client.send(Buffer.concat([startTls, bind(2, dn('demo'), 'right')]))
    assert.deepEqual(await client.next(), { id: 1, tag: 0x78, code: 1 })
    assert.deepEqual(await client.next(), { id: 0, tag: 0x78, code: 2 })
    assert.equal(await client.next(), undefined)
  })
})

suite('real clients', () => {
  const tls = { LDAPTLS_REQCERT: 'never' }
  const tool = (name: string, args: readonly string[], url = `ldap://127.0.0.1:${port}`) =>
    run(name, ['-x', '-H', url, '-o', 'nettimeout=5', '-D', dn('admin'), '-w', 'right', ...args], { env: tls })
  const commands: ReadonlyArray<[what: string, call: () => ReturnType<typeof run>, code: number, text: RegExp]> = [
    ['ldapwhoami', () => tool('ldapwhoami', []), 0, new RegExp(`dn:${dn('admin')}`)],
    ['ldapwhoami with StartTLS', () => tool('ldapwhoami', ['-ZZ']), 0, /dn:/],
    ['ldapwhoami over LDAPS', () => tool('ldapwhoami', [], `ldaps://127.0.0.1:${server.ports[1]}`), 0, /dn:/],
    ['ldapcompare that is true', () => tool('ldapcompare', [dn('demo'), 'mail:DEMO@example.com']), 6, /TRUE/],
    ['ldapcompare that is false', () => tool('ldapcompare', [dn('demo'), 'mail:other']), 5, /FALSE/],
    [
      'ldapsearch of one attribute',
      () => tool('ldapsearch', ['-LLL', '-b', BASE, '(cn=demo)', 'mail']),
      0,
      /mail: demo@example.com/,
    ],
    [
      'ldapsearch of a name with a comma',
      () => tool('ldapsearch', ['-LLL', '-b', BASE, '(mail=comma, name@example.com)', 'dn']),
      0,
      /dn: cn=comma\\, name,ou=users/,
    ],
    [
      'ldapsearch of the schema',
      () => tool('ldapsearch', ['-LLL', '-b', 'cn=subschema', '-s', 'base', 'attributeTypes']),
      0,
      /NAME 'uidNumber'/,
    ],
    [
      'ldapsearch with a size limit',
      () => tool('ldapsearch', ['-LLL', '-z', '1', '-b', BASE]),
      4,
      /Size limit exceeded/,
    ],
    ['ldapdelete', () => tool('ldapdelete', [dn('demo')]), 53, /read-only/],
  ]
  for (const [what, call, code, text] of commands)
    test(what, async () => {
      const answer = await call()
      assert.match(answer.text, text)
      assert.equal(answer.code, code)
    })
})
