# Which folders an installation makes, noted as it begins (before the first install() of any part), so that the target
# "uninstall" takes away these and no others (cmake/Uninstall.cmake).
set(WG_INSTALL_FOLDERS ${CMAKE_INSTALL_BINDIR} ${CMAKE_INSTALL_LIBDIR} lib ${CMAKE_INSTALL_INCLUDEDIR} ${CMAKE_INSTALL_MANDIR}/man1 ${CMAKE_INSTALL_DOCDIR}
    ${CMAKE_INSTALL_DATADIR}/bash-completion/completions ${CMAKE_INSTALL_DATADIR}/zsh/site-functions ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
string(REPLACE ";" " " folders "${WG_INSTALL_FOLDERS}")
install(CODE "
  foreach(folder ${folders})
    set(folder \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/\${folder}\")
    while(NOT EXISTS \"\${folder}\")
      file(APPEND \"${CMAKE_BINARY_DIR}/install_folders.txt\" \"\${folder}\\n\")
      get_filename_component(folder \"\${folder}\" DIRECTORY)
    endwhile()
  endforeach()")
