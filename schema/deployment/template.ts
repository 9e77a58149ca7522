export type Filled =
  | { readonly kind: 'filled'; readonly text: string }
  | { readonly kind: 'problem'; readonly problem: string }

const TOKEN = /%%|%\(([^()]*)\)s|%/g

/** compat: Python's `%(name)s` and `%%`, nothing else of its formatting. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): Filled {
  let problem: string | undefined
  const text = template.replace(TOKEN, (token, name: string | undefined) => {
    if (token === '%%') return '%'
    if (name !== undefined && Object.hasOwn(values, name)) return values[name]!
    problem ??= name === undefined ? 'a lone % is written %%' : `there is no %(${name})s, only ${known(values)}`
    return ''
  })
  return problem === undefined ? { kind: 'filled', text } : { kind: 'problem', problem }
}

const known = (values: object) =>
  Object.keys(values)
    .map((name) => `%(${name})s`)
    .join(', ')
