(load (expand-file-name "ctxreview" user-emacs-directory) t)
