// Devices, of which there are none that answer: Io*, and the calls of caches, keyboards and cameras.
#include "emu/kernel/kernel.h"

WG_CONSTANT(FscSetCacheElementCount, 2, STATUS_SUCCESS)
// A device that answers nothing, so that the title can go on.
WG_CALL(IoCreateDevice, 6) {
  uint32_t at = A(1) < WG_POOL_SIZE ? wg_pool_alloc(k->m, A(1) + WG_SIZEOF_DEVICE_OBJECT, WG_POOL_TITLE) : 0;
  if (at == 0) return STATUS_NO_MEMORY;
  WG_PUT(k->m, at, DEVICE_OBJECT, EXTENSION, at + WG_SIZEOF_DEVICE_OBJECT);
  wg_out_u32(k, A(5), "pointer", at);
  return STATUS_SUCCESS;
}
WG_CALL(IoDeleteDevice, 1) {
  wg_pool_free(k->m, A(0), WG_POOL_TITLE);
  return 0;
}
// (handle, event, apc, ctx, io status, code, in, in size, out, out size): the geometry of a disk, else nothing.
WG_CALL(NtDeviceIoControlFile, 10) {
  if (wg_handle_get(k->m, A(0)) == NULL) return STATUS_INVALID_HANDLE;
  if (A(5) == 0x70000 && A(8) &&
      A(9) >= WG_SIZEOF_DISK_GEOMETRY) { // IOCTL_DISK_GET_DRIVE_GEOMETRY: sectors, bytes a sector
    WG_PUT(k->m, A(8), DISK_GEOMETRY, SECTORS, 0x1E8480);
    WG_PUT(k->m, A(8), DISK_GEOMETRY, SECTOR_BYTES, 512);
    return STATUS_SUCCESS;
  }
  if (A(5) == 0x74004 && A(8) &&
      A(9) >= WG_SIZEOF_PARTITION_INFORMATION) { // IOCTL_DISK_GET_PARTITION_INFO: offset, length
    WG_PUT(k->m, A(8), PARTITION_INFORMATION, OFFSET, 0);
    WG_PUT(k->m, A(8), PARTITION_INFORMATION, LENGTH, 0x3D090000);
    return STATUS_SUCCESS;
  }
  return STATUS_INVALID_PARAMETER;
}
WG_CONSTANT(FscGetCacheElementCount, 1, 0)
WG_CONSTANT(HidReadKeys, 3, STATUS_UNSUCCESSFUL)
WG_CONSTANT(IoCheckShareAccess, 5, 0) // one title never conflicts with itself here
WG_CONSTANT(IoSetShareAccess, 4, 0)
WG_CONSTANT(IoRemoveShareAccess, 2, 0)
WG_CONSTANT(IoInvalidDeviceRequest, 2, 0xC0000010u)
WG_CONSTANT(IoDismountVolume, 1, 0)
WG_CONSTANT(IoDismountVolumeByFileHandle, 1, 0)
WG_CONSTANT(IoDismountVolumeByName, 1, 0)
WG_CONSTANT(XUsbcamSetCaptureMode, 4, STATUS_NOT_IMPLEMENTED) // no camera was created
WG_CONSTANT(XUsbcamSetConfig, 3, STATUS_NOT_IMPLEMENTED)
WG_CONSTANT(XUsbcamReadFrame, 4, STATUS_NOT_IMPLEMENTED)
WG_CONSTANT(XUsbcamSetView, 2, STATUS_NOT_IMPLEMENTED)
WG_CONSTANT(XUsbcamDestroy, 1, STATUS_NOT_IMPLEMENTED)
WG_CONSTANT(XUsbcamGetState, 0, 0)
WG_CONSTANT(XUsbcamCreate, 3, STATUS_NOT_IMPLEMENTED)
