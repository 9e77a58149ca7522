import { flag, text } from './field.ts'

/** Where a picture may be: on the web, on the core itself, or in its icon font (`fa://fa-user`). */
function pictureProblem(address: string): string | undefined {
  const url = URL.parse(address, 'https://self.invalid')
  return url !== null && ['http:', 'https:', 'fa:'].includes(url.protocol) ? undefined : 'Enter a valid URL.'
}

/** The address of a picture; none takes it away. */
export const filePathFields = {
  url: text({ required: true, blank: true, max: 2048, check: pictureProblem }),
  clear: flag(),
}
