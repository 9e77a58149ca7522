declare const brand: unique symbol
export type Branded<T, B extends string> = T & { readonly [brand]: B }

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether the text is a UUID with dashes. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}
