/** A fault at one place of the configuration; `path` is the way to it, as in `connections[1].port`. */
export interface Fault {
  path: (string | number)[];
  message: string;
}
