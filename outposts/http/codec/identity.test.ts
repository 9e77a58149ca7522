import assert from 'node:assert/strict'
import test from 'node:test'
import { identityShape } from './identity.ts'

const demo = { sub: 'uid-1', preferred_username: 'demo' }

test('whoever has a subject and a name is somebody', () => {
  assert.equal(identityShape.parse(demo).preferred_username, 'demo')
  assert.equal(identityShape.parse({ ...demo, preferred_username: 'Ünal Öz' }).preferred_username, 'Ünal Öz')
})

const nobodies: ReadonlyArray<[what: string, claims: object]> = [
  ['no name', { sub: 'uid-1' }],
  ['no subject', { preferred_username: 'demo' }],
  ['an empty name', { ...demo, preferred_username: '' }],
  ['an empty subject', { ...demo, sub: '' }],
  ['a name of blanks', { ...demo, preferred_username: ' \t' }],
  ['a name of which a header carries nothing', { ...demo, preferred_username: '\u0000\u0085' }],
  ['a name that is none', { ...demo, preferred_username: null }],
]
for (const [what, claims] of nobodies)
  test(`PX-39: whoever has ${what} is nobody`, () => assert.equal(identityShape.safeParse(claims).success, false))
