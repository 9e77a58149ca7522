// The LDAP outpost asked by what people use: OpenLDAP's tools, and the `ldapjs` client with a codec of its own.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, type TestContext, test } from 'node:test'
import ldapjs, { type Client, type Filter, type SearchEntryObject } from 'ldapjs'
import { hasTool, run } from '#test/support/engines/tools.ts'
import { LdapOutpost } from '#test/support/ldap-outpost.ts'
import { BASE_DN, userDn } from '#test/support/ldap-tools.ts'

let outpost: LdapOutpost
before(async () => {
  outpost = await LdapOutpost.start()
})
after(() => outpost[Symbol.asyncDispose]())

const ldap = () => `ldap://127.0.0.1:${outpost.port}`
const ldaps = () => `ldaps://127.0.0.1:${outpost.tlsPort}`

suite("OpenLDAP's tools", () => {
  const tool = (name: string, args: readonly string[], url = ldap()) =>
    run(name, ['-x', '-H', url, '-o', 'nettimeout=5', '-D', userDn('admin'), '-w', 'right', ...args], {
      env: { LDAPTLS_REQCERT: 'never' },
    })
  const search = (...args: readonly string[]) => tool('ldapsearch', ['-LLL', ...args])
  const commands: ReadonlyArray<[what: string, call: () => ReturnType<typeof run>, code: number, text: RegExp]> = [
    ['ldapwhoami', () => tool('ldapwhoami', []), 0, new RegExp(`dn:${userDn('admin')}`)],
    ['ldapwhoami with StartTLS', () => tool('ldapwhoami', ['-ZZ']), 0, /dn:/],
    ['ldapwhoami over LDAPS', () => tool('ldapwhoami', [], ldaps()), 0, /dn:/],
    ['ldapcompare that is true', () => tool('ldapcompare', [userDn('demo'), 'mail:DEMO@example.com']), 6, /TRUE/],
    ['ldapcompare that is false', () => tool('ldapcompare', [userDn('demo'), 'mail:other']), 5, /FALSE/],
    ['ldapsearch of one attribute', () => search('-b', BASE_DN, '(cn=demo)', 'mail'), 0, /mail: demo@example.com/],
    [
      'ldapsearch of a name with a comma',
      () => search('-b', BASE_DN, '(mail=comma, name@example.com)', 'dn'),
      0,
      /dn: cn=comma\\, name,ou=users/,
    ],
    [
      'ldapsearch of the schema',
      () => search('-b', 'cn=subschema', '-s', 'base', 'attributeTypes'),
      0,
      /NAME 'uidNumber'/,
    ],
    ['ldapsearch with a size limit', () => search('-z', '1', '-b', BASE_DN), 4, /Size limit exceeded/],
    ['ldapsearch with a critical control', () => search('-e', '!1.2.3', '-b', BASE_DN), 12, /1\.2\.3/],
    ['ldapdelete', () => tool('ldapdelete', [userDn('demo')]), 53, /read-only/],
  ]
  for (const [what, call, code, text] of commands)
    test(what, async (t: TestContext) => {
      if (!(await hasTool(t, 'ldapsearch', 'ldap-utils'))) return
      const answer = await call()
      assert.match(answer.text, text)
      assert.equal(answer.code, code)
    })
})

suite('ldapjs', () => {
  /** A new object each time: ldapjs writes into it. */
  const tlsOptions = () => ({ rejectUnauthorized: false })
  const promise = <T>(call: (done: (error: { code: number } | Error | null, value?: T) => void) => void) =>
    new Promise<T | undefined>((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))))

  async function open(url: string, isUpgraded = false): Promise<Client> {
    const client = ldapjs.createClient({ url, tlsOptions: tlsOptions() })
    client.on('error', () => {})
    await once(client, 'connect')
    if (isUpgraded) await promise((done) => client.starttls(tlsOptions(), [], done))
    return client
  }

  const bind = (client: Client, dn: string, password: string) =>
    promise((done) => client.bind(dn, password, done)).then(
      () => 0,
      (error: { code: number }) => error.code,
    )

  async function unbind(client: Client): Promise<void> {
    const closed = once(client, 'close')
    client.unbind()
    await closed
  }

  /** The entries that are found, or the result code. */
  function search(client: Client, base: string, options: object): Promise<readonly SearchEntryObject[] | number> {
    const found: SearchEntryObject[] = []
    return new Promise((resolve, reject) =>
      client.search(base, options, (error, response) => {
        if (error !== null) return reject(error)
        response.on('searchEntry', (entry) => void found.push(entry.pojo))
        response.on('error', ({ code }) => resolve(code))
        response.on('end', () => resolve(found))
      }),
    )
  }

  /** The values of an attribute in what was found. */
  const values = (found: readonly SearchEntryObject[] | number, type: string) => {
    assert.ok(typeof found !== 'number', `result code ${found}`)
    return found.flatMap(({ attributes }) => attributes.find((each) => each.type === type)?.values ?? []).sort()
  }

  const ways: ReadonlyArray<[what: string, connect: () => Promise<Client>]> = [
    ['in the clear', () => open(ldap())],
    ['with StartTLS', () => open(ldap(), true)],
    ['over LDAPS', () => open(ldaps())],
  ]
  for (const [what, connect] of ways)
    test(`binds ${what}, searches, compares and unbinds`, async () => {
      const client = await connect()
      assert.equal(await bind(client, userDn('demo'), 'wrong'), 49)
      assert.equal(await search(client, BASE_DN, { scope: 'sub' }), 50)
      assert.equal(await bind(client, userDn('demo'), 'right'), 0)
      assert.deepEqual(values(await search(client, BASE_DN, { scope: 'sub', filter: '(mail=*)' }), 'cn'), ['demo'])
      assert.equal(await promise((done) => client.compare(userDn('demo'), 'sn', 'demo name', done)), true)
      await unbind(client)
    })

  const users = `ou=users,${BASE_DN}`
  const searches: ReadonlyArray<[base: string, scope: string, filter: string | Filter, cn: readonly string[]]> = [
    [userDn('demo'), 'base', '(objectClass=*)', ['demo']],
    [userDn('demo'), 'one', '(objectClass=*)', []],
    [userDn('demo'), 'sub', '(objectClass=*)', ['demo']],
    [users, 'base', '(objectClass=*)', []],
    [users, 'one', '(cn=*)', ['admin', 'comma, name', 'demo', 'star*name']],
    [users, 'sub', '(cn=*)', ['admin', 'comma, name', 'demo', 'star*name']],
    [BASE_DN, 'one', '(cn=*)', []],
    [BASE_DN, 'sub', '(&(objectClass=user)(cn=demo))', ['demo']],
    [users, 'sub', '(|(cn=demo)(cn=ADMIN)(cn=nobody))', ['admin', 'demo']],
    [users, 'sub', '(!(cn=demo))', ['admin', 'comma, name', 'star*name']],
    [users, 'sub', '(&(cn=*)(!(|(cn=demo)(cn=admin))))', ['comma, name', 'star*name']],
    [users, 'sub', '(cn=d*)', ['demo']],
    [users, 'sub', '(cn=*o)', ['demo']],
    [users, 'sub', '(cn=*m*)', ['admin', 'comma, name', 'demo', 'star*name']],
    [users, 'sub', '(cn=d*e*o)', ['demo']],
    [users, 'sub', new ldapjs.EqualityFilter({ attribute: 'cn', value: 'star*name' }), ['star*name']],
    [users, 'sub', '(uidNumber>=2003)', ['comma, name', 'star*name']],
    [users, 'sub', '(uidNumber<=2001)', ['demo']],
    [users, 'sub', '(cn~=Demo)', ['demo']],
    [users, 'sub', '(cn:caseIgnoreMatch:=DEMO)', ['demo']],
    [users, 'sub', '(uidNumber:1.2.840.113556.1.4.803:=2002)', ['admin', 'star*name']],
    [users, 'sub', `(memberOf=cn=staff,ou=groups,${BASE_DN})`, ['admin', 'comma, name', 'demo', 'star*name']],
    [users, 'sub', '(noSuchAttribute=x)', []],
  ]
  for (const [base, scope, filter, cn] of searches)
    test(`searches ${scope} of ${base} with ${filter}`, async () => {
      const client = await open(ldap())
      assert.equal(await bind(client, userDn('admin'), 'right'), 0)
      assert.deepEqual(values(await search(client, base, { scope, filter }), 'cn'), [...cn])
      await unbind(client)
    })

  test('gets the attributes that it asks for, and the result code of a limit', async () => {
    const client = await open(ldap())
    await bind(client, userDn('admin'), 'right')
    const found = await search(client, userDn('comma\\, name'), { attributes: ['PHONE', 'uid', 'nothing'] })
    assert.deepEqual(
      typeof found === 'number' ? found : found.map(({ attributes }) => attributes.map(({ type }) => type)),
      [['uid', 'phone']],
    )
    assert.equal(await search(client, BASE_DN, { scope: 'sub', sizeLimit: 2 }), 4)
    assert.equal(await search(client, `ou=nowhere,${BASE_DN}`, {}), 32)
    await unbind(client)
  })
})
