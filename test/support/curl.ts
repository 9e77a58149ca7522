import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './engines/process.ts'
import { run } from './engines/tools.ts'

export interface Page {
  readonly status: number
  /** Where the redirects ended. */
  readonly url: string
  readonly body: string
}

interface Field {
  readonly name: string
  readonly type: string
  readonly value: string
  readonly isHidden: boolean
}

interface Form {
  readonly action: string
  readonly fields: readonly Field[]
}

const MAX_STEPS = 8
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', quot: '"', lt: '<', gt: '>', '#39': "'", '#x27': "'" }

const decoded = (text: string) => text.replace(/&([a-z]+|#\w+);/g, (whole, name) => ENTITIES[name] ?? whole)
const attributeOf = (tag: string, name: string) => decoded(new RegExp(`\\s${name}="([^"]*)"`, 'i').exec(tag)?.[1] ?? '')

/** The form of a page, as a browser without scripts would send it. */
function formOf({ body, url }: Page): Form | undefined {
  const [, attributes = '', content = ''] = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(body) ?? []
  if (content === '') return undefined
  const fields = [...content.matchAll(/<input\b[^>]*>/gi)].map(([tag]) => ({
    name: attributeOf(tag, 'name'),
    type: attributeOf(tag, 'type') || 'text',
    value: attributeOf(tag, 'value'),
    isHidden: /\shidden\b/.test(tag.replace(/"[^"]*"/g, '')),
  }))
  return { action: new URL(attributeOf(` ${attributes}`, 'action') || url, url).href, fields }
}

/** What is sent for a field by someone who types a name and a password, and ticks nothing. */
function filled({ name, type, value, isHidden }: Field, username: string, password: string): readonly string[] {
  if (name === '' || type === 'checkbox') return []
  const typed = type === 'password' ? password : type === 'text' && !isHidden ? username : value
  return ['--data-urlencode', `${name}=${typed}`]
}

/** A person with curl: cookies are kept, redirects followed, forms filled in by hand. */
export class Curl implements Disposable {
  readonly #folder = temporaryFolder('curl')
  readonly #always: readonly string[]

  /** With these arguments at every address. */
  constructor(always: readonly string[] = []) {
    this.#always = always
  }

  /** The page that the redirects lead to. */
  async open(url: string, args: readonly string[] = []): Promise<Page> {
    const jar = join(this.#folder.path, 'cookies')
    const fixed = ['-s', '-S', '-L', '--max-redirs', '20', '-m', '15', '-b', jar, '-c', jar, ...this.#always]
    const { code, text } = await run('curl', [...fixed, '-w', '\n%{http_code} %{url_effective}', ...args, url])
    if (code !== 0) throw new Error(`curl ${url}: ${text}`)
    const at = text.lastIndexOf('\n')
    const [status = '', ...rest] = text.slice(at + 1).split(' ')
    return { status: Number(status), url: rest.join(' '), body: text.slice(0, at) }
  }

  /** Opens the address and fills in forms until there is none, or an error. */
  async signIn(url: string, username: string, password: string): Promise<Page> {
    let page = await this.open(url)
    for (let step = 0; step < MAX_STEPS; step++) {
      const form = formOf(page)
      if (form === undefined || page.status >= 400) return page
      const origin = ['-H', `Origin: ${new URL(page.url).origin}`]
      page = await this.open(form.action, [
        ...origin,
        ...form.fields.flatMap((field) => filled(field, username, password)),
      ])
    }
    return page
  }

  /** The cookies that it would send to this host, as a header. */
  cookies(host: string): string {
    const jar = readFileSync(join(this.#folder.path, 'cookies'), 'utf8')
    const lines = jar.split('\n').map((line) => line.replace(/^#HttpOnly_/, '').split('\t'))
    return lines
      .filter(([domain]) => domain === host)
      .map(([, , , , , name, value]) => `${name}=${value}`)
      .join('; ')
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]()
  }
}
