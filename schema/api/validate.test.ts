import assert from 'node:assert/strict'
import test from 'node:test'
import { applicationResource } from './applications.ts'
import { radiusProviderResource } from './providers.ts'
import type { Fields } from './resource.ts'
import { identificationStageResource, userLoginStageResource } from './stages.ts'
import { tokenResource } from './tokens.ts'
import { userResource } from './users.ts'
import { validate } from './validate.ts'

const user = userResource.fields
const refused: ReadonlyArray<[what: string, fields: Fields, body: unknown, errors: unknown]> = [
  ['a missing field', user, { username: 'x' }, { name: ['This field is required.'] }],
  ['a blank one', user, { username: ' ', name: 'x' }, { username: ['This field may not be blank.'] }],
  ['null', user, { username: null, name: 'x' }, { username: ['This field may not be null.'] }],
  ['no text', user, { username: ['x'], name: 'x' }, { username: ['Not a valid string.'] }],
  ['NUL', user, { username: 'a\0b', name: 'x' }, { username: ['Null characters are not allowed.'] }],
  [
    'half a surrogate pair',
    user,
    { username: '\ud800', name: 'x' },
    { username: ['Surrogate characters are not allowed.'] },
  ],
  [
    'a long name',
    user,
    { username: 'x'.repeat(151), name: '' },
    { username: ['Ensure this field has no more than 150 characters.'] },
  ],
  ['an e-mail', user, { username: 'x', name: '', email: 'nomail' }, { email: ['Enter a valid email address.'] }],
  ['a boolean', user, { username: 'x', name: '', is_active: 'maybe' }, { is_active: ['Must be a valid boolean.'] }],
  ['a choice', user, { username: 'x', name: '', type: 'nope' }, { type: ['"nope" is not a valid choice.'] }],
  ['a path', user, { username: 'x', name: '', path: '/a' }, { path: ['No leading or trailing slashes allowed.'] }],
  [
    'a list',
    user,
    { username: 'x', name: '', groups: 'g' },
    { groups: ['Expected a list of items but got type "str".'] },
  ],
  ['a key', user, { username: 'x', name: '', groups: ['nope'] }, { groups: ['“nope” is not a valid UUID.'] }],
  [
    'a list for an object',
    user,
    { username: 'x', name: '', attributes: [] },
    { attributes: ['Value must be a dictionary, and not have any duplicate keys.'] },
  ],
  ['a body that is a list', user, [1], { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
  [
    'a slug',
    applicationResource.fields,
    { name: 'x', slug: 'err app' },
    { slug: ['Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.'] },
  ],
  [
    'an address',
    applicationResource.fields,
    { name: 'x', slug: 'a', meta_launch_url: 'javascript:alert(1)' },
    { meta_launch_url: ['Enter a valid URL.'] },
  ],
  [
    'a duration',
    userLoginStageResource.fields,
    { name: 'x', session_duration: '1 hour' },
    { session_duration: ["1 hour is not in the correct format of 'hours=3;minutes=1'."] },
  ],
  [
    'one of several choices',
    identificationStageResource.fields,
    { name: 'x', user_fields: ['nope'] },
    { user_fields: { 0: ['"nope" is not a valid choice.'] } },
  ],
  [
    'a network',
    radiusProviderResource.fields,
    { name: 'x', authorization_flow: '8294d6a9-2b99-4ad1-9d49-f9f4b842017f', client_networks: '10.0.0.0/8, nope' },
    { client_networks: ['"nope" is not a network such as 192.0.2.0/24.'] },
  ],
  [
    'a time',
    tokenResource.fields,
    { identifier: 'x', expires: 'yesterday' },
    {
      expires: [
        'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].',
      ],
    },
  ],
]
for (const [what, fields, body, errors] of refused)
  test(`${what} is refused by the name of its field`, () =>
    assert.deepEqual(validate(fields, body), { kind: 'invalid', errors }))

test('what the server owns and what nobody knows is left out', () => {
  const body = {
    username: ' ann ',
    name: '',
    pk: 1,
    is_superuser: true,
    uid: 'x',
    nothing: 1,
    __proto__: { type: 'x' },
  }
  assert.deepEqual(validate(user, body), { kind: 'valid', values: { username: 'ann', name: '' } })
})

test('user names are kept in one form', () => {
  const result = validate(user, { username: 'ﬁnn', name: '' })
  assert.deepEqual(result, { kind: 'valid', values: { username: 'finn', name: '' } })
})

test('a partial body may leave out what is required, and no more', () => {
  assert.deepEqual(validate(user, { name: 'x' }, { partial: true }), { kind: 'valid', values: { name: 'x' } })
  assert.equal(validate(user, { name: null }, { partial: true }).kind, 'invalid')
})
