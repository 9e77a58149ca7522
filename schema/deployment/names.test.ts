import assert from 'node:assert/strict'
import test from 'node:test'
import {
  containerName,
  labelValue,
  metricsName,
  nameLabel,
  nameOfPart,
  namingProblem,
  objectName,
  slug,
} from './names.ts'

const SLUGS: ReadonlyArray<[name: string, slug: string]> = [
  ['authentik Embedded Outpost', 'authentik-embedded-outpost'],
  ['Foo_Bar', 'foo_bar'],
  ['Ünï côde', 'uni-code'],
  ['a.b', 'ab'],
  ['日本', ''],
  ['  a  -  b_ ', 'a-b'],
  ['', ''],
]
for (const [name, expected] of SLUGS)
  test(`the slug of "${name}" is "${expected}"`, () => assert.equal(slug(name), expected))

const PK = '11111111-2222-3333-4444-000000000001'
const outpost = (name: string, template = 'ak-outpost-%(name)s', pk = PK) => ({
  pk,
  name,
  type: 'proxy' as const,
  settings: { object_naming_template: template },
})
const long = 'x'.repeat(80)

const NAMES: ReadonlyArray<[name: string, template: string, kubernetes: RegExp, docker: RegExp]> = [
  ['obj Proxy Default', 'ak-outpost-%(name)s', /^ak-outpost-obj-proxy-default$/, /^ak-outpost-obj-proxy-default$/],
  ['R', 'Rich-%(name)s-%(uuid)s', /^rich-r-11111111222233334444000000000001$/, /^rich-r-1{8}2{4}3{4}4{4}0{11}1$/],
  ['R', '%(type)s.%(name)s', /^proxy-r-[0-9a-f]{8}$/, /^proxy\.r$/],
  ['a', '100%%-%(name)s', /^a-[0-9a-f]{8}$/, /^100-a-[0-9a-f]{8}$/],
  ['Foo_Bar', 'ak-outpost-%(name)s', /^ak-outpost-foo-bar-[0-9a-f]{8}$/, /^ak-outpost-foo_bar$/],
  ['日本', 'ak-outpost-%(name)s', /^ak-outpost-[0-9a-f]{8}$/, /^ak-outpost-[0-9a-f]{8}$/],
  ['日本', 'a%(name)sb', /^ab-[0-9a-f]{8}$/, /^ab-[0-9a-f]{8}$/],
  ['日本', '%(name)s', /^outpost-[0-9a-f]{8}$/, /^outpost-[0-9a-f]{8}$/],
  ['x', '', /^outpost-[0-9a-f]{8}$/, /^outpost-[0-9a-f]{8}$/],
  ['x', '%(name)s', /^x$/, /^x-[0-9a-f]{8}$/],
  ['9 lives', '%(name)s', /^lives-[0-9a-f]{8}$/, /^9-lives$/],
  [long, '%(name)s', /^x{54}-[0-9a-f]{8}$/, /^x{80}$/],
  [`${'x'.repeat(53)} ${long}`, '%(name)s', /^x{53}-[0-9a-f]{8}$/, /^x{53}-x{65}-[0-9a-f]{8}$/],
  ['x metrics', '%(name)s', /^x-metrics-[0-9a-f]{8}$/, /^x-metrics$/],
  ['edge previous', '%(name)s', /^edge-previous$/, /^edge-previous-[0-9a-f]{8}$/],
  ['Edge Next', '%(name)s', /^edge-next$/, /^edge-next-[0-9a-f]{8}$/],
  ['x', 'ak--%(name)s', /^ak--x$/, /^ak--x$/],
  ['x', '%(nope)s', /^ak-outpost-x-[0-9a-f]{8}$/, /^ak-outpost-x-[0-9a-f]{8}$/],
]
for (const [name, template, kubernetes, docker] of NAMES) {
  test(`names of "${name.slice(0, 12)}" by ${template}`, () => {
    assert.match(objectName(outpost(name, template)), kubernetes)
    assert.match(containerName(outpost(name, template)), docker)
  })
}

const HOSTILE = [
  '',
  ' ',
  '-',
  '_',
  '.',
  '..',
  'a',
  'A_',
  '-a-',
  '日本',
  '0',
  long,
  `${long}.`,
  'a\nb',
  '`$(x)`',
  'a'.repeat(54),
]
for (const name of HOSTILE) {
  test(`every name of ${JSON.stringify(name.slice(0, 12))} is legal`, () => {
    for (const template of [
      'ak-outpost-%(name)s',
      '%(name)s',
      '%(uuid)s',
      `${long}%(name)s`,
      '%(name)s_',
      '_%(nope)s',
    ]) {
      const named = outpost(name, template)
      for (const each of [objectName(named), metricsName(named), nameOfPart(named, 'a.example.com')]) {
        assert.match(each, /^[a-z]([-a-z0-9]*[a-z0-9])?$/)
        assert.ok(each.length <= 63, each)
      }
      assert.match(containerName(named), /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/)
    }
    assert.match(nameLabel(outpost(name)), /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/)
  })
}

test('CT-03: outposts whose names lose what told them apart have different names', () => {
  const other = '11111111-2222-3333-4444-000000000002'
  const pairs: ReadonlyArray<[string, string]> = [
    ['日本', '中国'],
    [`${long} a`, `${long} b`],
    ['a_b', 'a b_'],
  ]
  for (const [a, b] of pairs) {
    for (const nameOf of [objectName, metricsName, nameLabel])
      assert.notEqual(nameOf(outpost(a)), nameOf(outpost(b, 'ak-outpost-%(name)s', other)), `${a} and ${b}`)
  }
  const [metricsOf, objectOf] = [metricsName(outpost('x')), objectName(outpost('x metrics'))]
  assert.notEqual(metricsOf, objectOf, 'the metrics Service of one is not the Service of another')
})

test('parts of one outpost are told apart by their key, always in the same way', () => {
  const parts = ['a-b.example.com', 'a.b-example.com', 'a-b.example.com'].map((host) => nameOfPart(outpost('x'), host))
  assert.equal(parts[0], parts[2])
  assert.notEqual(parts[0], parts[1])
})

const TEMPLATES: ReadonlyArray<[template: string, problem: RegExp | undefined]> = [
  ['ak-outpost-%(name)s', undefined],
  ['%(type)s-%(uuid)s-100%%', undefined],
  ['', undefined],
  ['%(nope)s', /no %\(nope\)s, only %\(name\)s, %\(uuid\)s, %\(type\)s/],
  ['%(toString)s', /no %\(toString\)s/],
  ['%s', /lone %/],
  ['50%', /lone %/],
  ['%(name)d', /lone %/],
]
for (const [template, problem] of TEMPLATES) {
  test(`the template ${template} ${problem === undefined ? 'can be filled' : 'is refused'}`, () =>
    problem === undefined
      ? assert.equal(namingProblem(template), undefined)
      : assert.match(namingProblem(template)!, problem))
}

const LABELS: ReadonlyArray<[text: string, value: string]> = [
  ['2023.8.3', '2023.8.3'],
  ['2026.2.2+build', '2026.2.2-build'],
  ['.1.', '1'],
  ['', ''],
  [long, 'x'.repeat(63)],
]
for (const [text, value] of LABELS)
  test(`"${text}" as a label is "${value}"`, () => assert.equal(labelValue(text), value))
