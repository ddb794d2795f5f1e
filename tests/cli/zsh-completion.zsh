# Prints what zsh offers for each line, below a line "=": zsh -f zsh-completion.zsh <script> <line>... It asks a second zsh, at
# a terminal of its own, by the key Tab, and takes what that one prints between two NUL bytes.
zmodload zsh/zpty || exit 1
script=$1; shift
zpty z zsh -f -i
zpty -w z "PS1= PS2=; setopt nobeep; stty -echo; autoload -U compinit; compinit -D; source $script"
zpty -w z 'compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi
  local -a hits; builtin compadd -A hits "$@"
  print -rl -- $hits
}'
# Completion empties both lists each time.
zpty -w z 'mark() { print -rn -- $'"'\\0'"' }; ask() { compprefuncs=(mark); comppostfuncs=(mark); zle complete-word; zle kill-whole-line }'
zpty -w z 'zle -N ask; bindkey "^I" ask'
for line; do
  zpty -w -n z "$line"$'\t'
  zpty -r -m z out $'*\0*\0*' || exit 1
  print -r -- "="
  print -r -- ${${out#*$'\0'}%%$'\0'*}
done
zpty -d z
