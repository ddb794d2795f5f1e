/**
 * Which script or class an interpreter was started with: "java" or "python3.11" alone tells a person little.
 *
 * Command lines hold secrets (`mysql -psecret`), and this name ends up in prompts and the audit. So of the whole line
 * at most one word is ever a candidate, the one that the interpreter's own rules make the script; words that these
 * rules do not cover end the search; and the caller shows a candidate of kind `file` only where a file of that name
 * exists, which a secret's never does. A process can rewrite its command line: the name helps to recognise, and proves
 * nothing.
 */
export interface ScriptCandidate {
  /** A path to check for, or a name that the interpreter itself resolves (Java's class, Python's module). */
  kind: 'file' | 'name';
  text: string;
}

interface Interpreter {
  program: RegExp;
  /** Options without a value of their own in the next word. */
  plain?: RegExp;
  /** Options that take the next word. */
  withValue?: RegExp;
  /** An option whose next word is the file to run. */
  fileOption?: RegExp;
  /** An option whose next word is the module to run. */
  nameOption?: RegExp;
  /** The first word that is no option: a file, or a class. */
  operand: 'file' | 'name';
}

const interpreters: Interpreter[] = [
  {
    // https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html, "Synopsis" and "Standard Options"
    program: /^javaw?(?:\.exe)?$/i,
    plain:
      /^(?:-[DX].*|-(?:ea|da|esa|dsa|server|client)|-(?:ea|da|agentlib|agentpath|javaagent|splash):.*|--enable-preview|--[\w-]+=.*)$/,
    withValue:
      /^(?:-cp|-classpath|--class-path|-p|--module-path|--upgrade-module-path|--add-(?:modules|reads|exports|opens)|--limit-modules|--enable-native-access)$/,
    fileOption: /^-jar$/,
    nameOption: /^(?:-m|--module)$/,
    operand: 'name',
  },
  {
    // https://docs.python.org/3/using/cmdline.html
    program: /^(?:python|pypy)w?[\d.]*(?:\.exe)?$/i,
    plain: /^-[bBdEiIOPqRsSuvx]+$/,
    nameOption: /^-m$/,
    operand: 'file',
  },
  {
    // https://nodejs.org/api/cli.html; what takes its value in the next word is not listed, so it ends the search.
    program: /^(?:node|nodejs|electron|bun)(?:\.exe)?$/i,
    plain: /^--(?:[\w-]+=.*|no-warnings|enable-source-maps|inspect|inspect-brk)$/,
    operand: 'file',
  },
  { program: /^(?:ba|da|z|k|fi)?sh$/, plain: /^-[eux]+$/, operand: 'file' },
  { program: /^(?:perl|ruby|php|lua|tclsh|wish)[\d.]*(?:\.exe)?$/i, operand: 'file' },
  { program: /^dotnet(?:\.exe)?$/i, operand: 'file' },
];

/** Java's classes with their package, Python's modules; Java's `-m` has module/class. */
const resolvedName = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*(?:\/[A-Za-z_$][\w$.]*)?$/;
/** A bare word after Java's options counts as a class only in the form that classes have. */
const className = /^(?:[a-z_][\w$]*\.)*[A-Z][\w$]*$/;

/** Whether this program runs what others have written, so that its own name tells little. */
export function takesScript(program: string): boolean {
  return interpreters.some((one) => one.program.test(program));
}

/** @param words the command line, its program's name not included */
export function scriptCandidate(program: string, words: readonly string[]): ScriptCandidate | undefined {
  const interpreter = interpreters.find((one) => one.program.test(program));
  if (interpreter === undefined) return undefined;
  const { plain, withValue, fileOption, nameOption, operand } = interpreter;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const next = words[at + 1];
    if (fileOption?.test(word) === true) return file(next);
    if (nameOption?.test(word) === true) return name(next, resolvedName);
    if (withValue?.test(word) === true) at += 1;
    else if (plain?.test(word) !== true) return operand === 'file' ? file(word) : name(word, className);
  }
  return undefined;
}

function file(word: string | undefined): ScriptCandidate | undefined {
  return word === undefined || word === '' || /^[-@]/.test(word) ? undefined : { kind: 'file', text: word };
}

function name(word: string | undefined, form: RegExp): ScriptCandidate | undefined {
  // Java compiles and runs a source file itself.
  if (word?.endsWith('.java') === true) return file(word);
  return word === undefined || word.length > 100 || !form.test(word)
    ? undefined
    : { kind: 'name', text: word };
}
