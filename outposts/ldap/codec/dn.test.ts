import assert from 'node:assert/strict'
import test from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { canonicalDn, escapeValue, isWithin, parseDn, readName } from './dn.ts'

const canonical = (text: string) => {
  const rdns = parseDn(text)
  return rdns === undefined ? undefined : canonicalDn(rdns)
}

const same: ReadonlyArray<[a: string, b: string]> = [
  ['cn=demo,ou=users,DC=ldap', 'CN=Demo , OU=Users;dc=LDAP'],
  ['cn=a\\2cb,dc=x', 'cn=a\\,b,dc=x'],
  ['cn=a+sn=b,dc=x', 'SN=b+CN=a,dc=x'],
  ['cn=J\\c3\\bcrgen', 'cn=jürgen'],
  ['cn=a  b', 'cn=a b'],
  ['cn=😀', 'cn=\\f0\\9f\\98\\80'],
  ['cn=a\\20 ', 'cn=a\\ '],
  ['cn=\\20a\\,b\\2b  ', 'cn=\\ a\\2cb\\+'],
  ['cn=ａ', 'cn=A'],
]
for (const [a, b] of same)
  test(`LD-12: ${a} is ${b}`, () => {
    assert.notEqual(canonical(a), undefined)
    assert.equal(canonical(a), canonical(b))
  })

for (const text of [
  'demo',
  'cn',
  '=x',
  'cn=a,',
  'cn="a"',
  'cn=#04024869',
  'c n=x',
  'cn=\\zz',
  'cn=\\ff',
  'cn=\\c3x\\a4',
  'cn=a\\',
  'cn=a\\4',
  'cn=<a>',
  'cn=a\\00b',
  `cn=${'x'.repeat(9000)}`,
  'a=b,'.repeat(100),
  'demo@example.com',
  'DOM\\demo',
])
  test(`LD-12: ${text.slice(0, 30)} is not a name`, () => assert.equal(parseDn(text), undefined))

const below: ReadonlyArray<[name: string, is: boolean]> = [
  ['dc=LDAP,dc=example', true],
  ['cn=a,dc=LDAP,dc=example', true],
  ['cn=a,dc=evilldap,dc=example', false],
  ['cn=a\\,dc=ldap,dc=example', false],
  ['dc=example', false],
  ['', false],
]
for (const [name, is] of below)
  test(`LD-28: ${name || 'the empty name'} is ${is ? '' : 'not '}at or below dc=ldap,dc=example`, () =>
    assert.equal(isWithin(readName(name)!, readName('dc=ldap,dc=example')!), is))

for (const value of ['plain', 'a,b', ' lead', 'trail ', '#x', 'a"b\\c<d>e;f=g+h', 'ü😀'])
  test(`${JSON.stringify(value)} survives a name`, () =>
    assert.equal(parseDn(`cn=${escapeValue(value)},dc=x`)?.[0]?.[0]?.value, value))

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

test('LD-12: of long names nothing is kept, whether they are names or not', () => {
  const MIB = 1024 * 1024
  collect()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 2_000; i++)
    for (const start of ['cn=', ''])
      assert.equal(readName(`${start}${i}${'x'.repeat(8_000)}`) !== undefined, start !== '')
  collect()
  assert.ok(process.memoryUsage().heapUsed - before < 4 * MIB)
})
