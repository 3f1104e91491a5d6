" ctxreview on the lines that are selected, in the buffer as it is, saved or not.
" :CtxReview, :CtxPrompt and :CtxContext take a range; :CtxFindings fills the quickfix list.
if exists('g:loaded_ctxreview')
  finish
endif
let g:loaded_ctxreview = 1

function! s:run(words) abort
  let l:line = join(map(['@ctxreview@'] + a:words, 'shellescape(v:val)'), ' ')
  return system(l:line, join(getline(1, '$'), "\n") . "\n")
endfunction

function! s:show(action, first, last) abort
  let l:words = [a:action, a:first . '-' . a:last, '--stdin', '--path', expand('%:p')]
  let l:text = s:run(l:words)
  botright new
  setlocal buftype=nofile bufhidden=wipe noswapfile nowrap
  call setline(1, split(l:text, "\n"))
endfunction

function! s:findings() abort
  let l:found = []
  for l:line in split(s:run(['lint', '--stdin', '--path', expand('%:p')]), "\n")
    let l:parts = matchlist(l:line, '^.\{-}:\(\d\+\): \(\a\+ [[:alnum:]-]\+: .*\)$')
    if !empty(l:parts)
      call add(l:found, {'bufnr': bufnr('%'), 'lnum': l:parts[1], 'text': l:parts[2]})
    endif
  endfor
  call setqflist(l:found)
  copen
endfunction

command! -range CtxReview call s:show('review', <line1>, <line2>)
command! -range CtxPrompt call s:show('prompt', <line1>, <line2>)
command! -range CtxContext call s:show('context', <line1>, <line2>)
command! CtxFindings call s:findings()
